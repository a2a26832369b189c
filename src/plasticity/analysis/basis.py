"""Functions of the epoch or task that a partial correlation removes, and the removal itself.

Shapes: P points along the last axis, k basis functions, any leading axes (metrics, seeds).
"""

import numpy as np

BASES = ("intercept", "linear", "log", "spline")

# Harrell (2015), Regression Modeling Strategies, table 2.3: quantiles for a restricted cubic spline with four knots.
_KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)
_DEPENDENT = 1e-9  # a basis function this close to the span of the ones before it adds only round-off
_CONSTANT = 1e-10  # a residual this small beside its variable is round-off


def basis_of(name: str, epochs: np.ndarray) -> np.ndarray:
    """Return the basis functions at the epochs, the intercept first.

    Args:
        name: "intercept"; "linear", t beside it; "log", log t beside it; "spline", a natural cubic spline of t.
        epochs: Epochs or tasks t of shape (..., P), (P,) for the spline. Where t ≤ 0, log t is undefined and 0 stands
            in its place: the caller leaves those points out.

    Returns:
        Array of shape (..., P, k).

    Raises:
        ValueError: If `name` is not one of `BASES`.
    """
    t = np.asarray(epochs, dtype=np.float64)
    one = np.ones_like(t)
    if name == "intercept":
        return one[..., None]
    if name == "linear":
        return np.stack([one, t], axis=-1)
    if name == "log":
        return np.stack([one, np.log(np.where(t > 0, t, 1.0))], axis=-1)
    if name == "spline":
        return natural_spline(t)
    raise ValueError(f"basis: expected one of {BASES}, got {name!r}")


def natural_spline(t: np.ndarray) -> np.ndarray:
    """Return a natural cubic spline basis with knots at four quantiles of the distinct t.

    Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, eq. 5.4 and 5.5: 1, t and
    d_k − d_{K−1} with d_k = ((t − ξ_k)³₊ − (t − ξ_K)³₊)/(ξ_K − ξ_k). Linear beyond the outer knots.

    Returns:
        Array of shape (P, 4), or (P, 2) when all t are equal.
    """
    distinct = np.unique(t)
    if distinct.size < 2:
        return np.stack([np.ones_like(t), t], axis=1)
    scaled = (t - distinct[0]) / (distinct[-1] - distinct[0])
    knots = np.quantile((distinct - distinct[0]) / (distinct[-1] - distinct[0]), _KNOT_QUANTILES)
    cubes = np.maximum(scaled[:, None] - knots, 0.0) ** 3
    slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    return np.column_stack([np.ones_like(t), scaled, slopes[:, :-1] - slopes[:, -1:]])


def orthonormal(basis: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the same span over the points of `mask` (Gram–Schmidt, applied twice).

    Args:
        basis: Basis functions of shape (P, k), or of a shape (..., P, k) that broadcasts with the mask's.
        mask: Points that count, shape (..., P).

    Returns:
        Array of shape (..., P, k), zero outside the mask; a function that depends on those before it is all zero.
    """
    q = basis * mask[..., None]
    for j in range(basis.shape[-1]):
        column = q[..., j]
        length = np.linalg.norm(column, axis=-1, keepdims=True)
        column = _without(column, q[..., :j])
        rest = np.linalg.norm(column, axis=-1, keepdims=True)
        independent = rest > _DEPENDENT * length
        q[..., j] = np.divide(column, rest, out=np.zeros_like(column), where=independent)
    return q


def rank_of(q: np.ndarray) -> np.ndarray:
    """Return the number of independent functions in the result of `orthonormal`, shape (...)."""
    return (np.linalg.norm(q, axis=-2) > 0.5).sum(axis=-1)


def residuals(values: np.ndarray, q: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return what least squares on the basis leaves of `values`, scaled to length 1.

    Args:
        values: Array of shape (..., P); entries outside the mask are ignored, whatever they are.
        q: Orthonormal basis of shape (..., P, k), from `orthonormal`.
        mask: Points that count, shape (..., P).

    Returns:
        Array of shape (..., P), zero outside the mask, and all zero where the residuals are numerically constant.
    """
    kept = np.where(mask, values, 0.0)
    largest = np.abs(kept).max(axis=-1, keepdims=True, initial=0.0)
    kept = np.divide(kept, largest, out=np.zeros_like(kept), where=largest > 0)  # squares neither overflow nor vanish
    rest = _without(kept, q)
    length = np.linalg.norm(rest, axis=-1, keepdims=True)
    varies = length > _CONSTANT * np.linalg.norm(kept, axis=-1, keepdims=True)
    return np.divide(rest, length, out=np.zeros_like(rest), where=varies)


def _without(values: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Project `values` (..., P) off the orthonormal columns of `q` (..., P, k), twice against round-off."""
    for _ in range(2):
        if q.ndim == 2:  # one fit for all series: a single product of matrices
            values = values - (values @ q) @ q.T
            continue
        values = values - (q @ (np.swapaxes(q, -1, -2) @ values[..., None]))[..., 0]
    return values
