"""Correlation coefficients of two metrics over checkpoints or tasks, for one series or for many at once.

Every method is one formula: the correlation of what remains of x and y after a least-squares fit on a basis. The
basis {1} gives Pearson's r; {1} on ranks Spearman's ρ; {1, t}, {1, log t} and a spline of t the partial correlations
given the epoch or task t; {1} on differences between neighbouring checkpoints the first-difference correlation.

Shapes: P points along the last axis, any leading axes (metrics, seeds).
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from plasticity.analysis.average_ranks import average_ranks
from plasticity.analysis.basis import basis_of, orthonormal, rank_of, residuals

METHODS = ("pearson", "spearman", "partial_linear", "partial_log", "partial_spline", "first_difference")
CONTROL_METHODS = METHODS[:2]  # those that do not hold the control itself fixed
_PARTS = 2.0**40  # of a number's leading binary digit, about 1e-12 of the number
_BASIS = {"partial_linear": "linear", "partial_log": "log", "partial_spline": "spline"}


@dataclass(frozen=True)
class Points:
    """What a method correlates: x, y and mask of one shape (..., P), basis of shape (P, k) or (..., P, k).

    `absorbed` is the number of terms, beyond those of the basis, that x and y were fitted with before.
    """

    method: str
    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray
    basis: np.ndarray
    absorbed: np.ndarray | int = 0

    def pooled(self) -> "Points":
        """Return the points of all series of the last but one axis (the seeds) as one series."""
        shape = (*self.mask.shape[:-2], prod(self.mask.shape[-2:]))  # not -1: there may be no point at all
        k = self.basis.shape[-1]
        basis = np.broadcast_to(self.basis, (*np.broadcast_shapes(self.basis.shape[:-1], self.mask.shape[-2:]), k))
        basis = basis.reshape(*basis.shape[:-3], shape[-1], k)
        x, y, mask = (values.reshape(shape) for values in (self.x, self.y, self.mask))
        return Points(self.method, x, y, mask, basis, self.absorbed)

    def averaged(self, counts: np.ndarray) -> "Points":
        """Return the series of means over the last but one axis (the seeds), for seeds taken several times or never.

        A mean is taken over the seeds that have the point; differences are averaged as differences.

        Args:
            counts: How often each of R subsets takes each seed, shape (R, S).

        Returns:
            Points of shape (..., R, P).
        """
        weights = counts @ self.mask
        shared = np.where(weights > 0, weights, 1.0)
        x, y = (counts @ np.where(self.mask, values, 0.0) / shared for values in (self.x, self.y))
        if self.method == "spearman":
            x, y = _to_twelve_digits(x), _to_twelve_digits(y)
        return Points(self.method, x, y, weights > 0, self.basis)

    def ranked(self) -> "Points":
        """Return Spearman's points as average ranks within each series; other methods' points as they are."""
        if self.method != "spearman":
            return self
        x, y = (average_ranks(np.where(self.mask, values, np.inf)) for values in (self.x, self.y))
        return Points("pearson", x, y, self.mask, self.basis, self.absorbed)


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of many series, with what explains an undefined one; all arrays of shape (...)."""

    method: str
    value: np.ndarray
    n_points: np.ndarray
    rank: np.ndarray
    x_constant: np.ndarray
    y_constant: np.ndarray

    def reason(self, index: tuple[int, ...], names: tuple[str, str]) -> str:
        """Return why the coefficient at `index` is undefined; empty where it is defined."""
        if np.isfinite(self.value[index]):
            return ""
        n, rank = int(self.n_points[index]), int(self.rank[index])
        if n < 3:
            return f"{n} point{'' if n == 1 else 's'}"
        if n < rank + 2:
            return f"{n} points for a fit of {rank} terms"
        of = {"pearson": "", "spearman": "", "first_difference": " differences"}.get(self.method, " residuals")
        flags = zip(names, (self.x_constant[index], self.y_constant[index]), strict=True)
        return "constant " + " and ".join(name + of for name, constant in flags if constant)


def points_of(
    method: str, epochs: np.ndarray, x: np.ndarray, y: np.ndarray, usable: np.ndarray | None = None
) -> Points:
    """Return the points that `method` correlates.

    Args:
        method: One of `METHODS`.
        epochs: Epochs or tasks t of shape (P,), ascending for first differences; or one per point, of a shape (..., P)
            that broadcasts to that of `x`.
        x: Metric of shape (..., P).
        y: Outcome, of a shape that broadcasts to that of `x`.
        usable: Points that may be used, broadcast likewise; all by default. Points that are not finite, and for
            "partial_log" those with epoch ≤ 0, are left out on top. A difference needs both its neighbours.

    Raises:
        ValueError: If `method` is not one of `METHODS`.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {METHODS}, got {method!r}")
    x, y, usable = np.broadcast_arrays(x, y, True if usable is None else usable)
    mask = usable & np.isfinite(x) & np.isfinite(y)
    if method == "partial_log":
        mask = mask & (epochs > 0)
    if method == "first_difference":
        x, y = (np.diff(np.where(mask, values, 0.0), axis=-1) for values in (x, y))
        mask, epochs = mask[..., 1:] & mask[..., :-1], epochs[..., 1:]
    return Points(method, x, y, mask, basis_of(_BASIS.get(method, "intercept"), epochs))


def coefficients(points: Points) -> Coefficients:
    """Return the coefficient of every series, NaN where it is undefined.

    Undefined are: fewer than three points, fewer than two points more than the fit has terms (one degree of freedom
    makes every coefficient ±1), and residuals that are constant to ten digits of their variable.
    """
    ranked = points.ranked()
    q = orthonormal(ranked.basis, ranked.mask)
    x, y = (residuals(values, q, ranked.mask) for values in (ranked.x, ranked.y))
    n, rank = ranked.mask.sum(axis=-1), rank_of(q) + ranked.absorbed
    x_constant, y_constant = (np.count_nonzero(values, axis=-1) == 0 for values in (x, y))
    defined = (n >= np.maximum(rank + 2, 3)) & ~x_constant & ~y_constant
    value = np.where(defined, np.clip((x * y).sum(axis=-1), -1.0, 1.0), np.nan)
    return Coefficients(points.method, value, n, rank, x_constant, y_constant)


def _to_twelve_digits(means: np.ndarray) -> np.ndarray:
    """Return means rounded to about twelve digits, so that equal ones are not ranked by how a processor adds.

    Means near zero of values far from it are not told apart from rounding.
    """
    mantissa, exponent = np.frexp(means)
    return np.ldexp(np.round(mantissa * _PARTS) / _PARTS, exponent)
