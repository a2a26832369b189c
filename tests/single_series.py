"""Coefficients of one pair of series at a time, through the functions that take many."""

from dataclasses import dataclass

import numpy as np

from plasticity.analysis.correlation import coefficients, points_of


@dataclass(frozen=True)
class Estimate:
    """A coefficient, or NaN and in `note` the reason.

    `n_points` counts the points in it (for first differences, the differences), `n_excluded` the ones left out.
    """

    value: float
    n_points: int
    n_excluded: int
    note: str


def estimate(
    method: str, x: np.ndarray, y: np.ndarray, t: np.ndarray | None = None, *, names: tuple[str, str] = ("x", "y")
) -> Estimate:
    """Return the coefficient of two one-dimensional series; pairs that are not finite are left out and counted.

    Args:
        method: One of `METHODS`.
        x: Metric, shape (P,).
        y: Outcome, shape (P,).
        t: Warm-up epochs, shape (P,); needed by the partial and the first-difference correlations.
        names: What x and y are called in the note.
    """
    x, y = (np.asarray(values, dtype=np.float64) for values in (x, y))
    t = np.zeros_like(x) if t is None else np.asarray(t, dtype=np.float64)
    order = np.argsort(t, kind="stable")
    points = points_of(method, t[order], x[order], y[order])
    found = coefficients(points)
    used = np.isfinite(x) & np.isfinite(y) & ((t > 0) | (method != "partial_log"))
    return Estimate(float(found.value), int(found.n_points), int((~used).sum()), found.reason((), names))


def pearson(x: np.ndarray, y: np.ndarray) -> Estimate:
    return estimate("pearson", x, y)


def spearman(x: np.ndarray, y: np.ndarray) -> Estimate:
    return estimate("spearman", x, y)


def partial(x: np.ndarray, y: np.ndarray, t: np.ndarray, *, basis: str = "linear") -> Estimate:
    return estimate(f"partial_{basis}", x, y, t)


def first_difference(x: np.ndarray, y: np.ndarray, t: np.ndarray) -> Estimate:
    return estimate("first_difference", x, y, t)
