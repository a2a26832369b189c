"""Regression over few pairs of networks, a level per cell, with pairs of one seed depending on each other.

A line through few seeds rests on those that lie far from the mean. Leaving out seeds says little of its spread: if x is
normal, the jackknife's variance of n seeds has about n/3 degrees of freedom. Here seeds are taken as exchangeable
instead: what the fit leaves has the same covariance S over the cells in every seed, whatever its x. Estimated from the
residuals of all seeds, it gives a sum Σ w·y of weights w the variance Σ wᵀSw over the seeds, a quadratic form in the
residuals. Scale and degrees of freedom of this form are those of its first two moments (Satterthwaite 1946; Bell &
McCaffrey 2002) if errors of a seed are independent, and if they are equal: the larger scale and the fewer degrees of
freedom count. With a pair per seed this is the classical regression, whose t is exact for normal errors.

Shapes: P pairs.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

from plasticity.analysis.inference import Inference, Level

_SINGULAR = 1e-12  # of the squares of a variable, below which it is constant within all cells


@dataclass(frozen=True)
class Variance:
    """Of an estimate, and its degrees of freedom; NaN where nothing is left to judge by."""

    value: float
    freedom: float


@dataclass(frozen=True, eq=False)
class PairedRegression:
    """Values y on x of pairs (P,), with the numbers of their seeds and of their cells, both from 0."""

    x: np.ndarray
    y: np.ndarray
    seed: np.ndarray
    cell: np.ndarray

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.seed.max(initial=-1)) + 1

    @cached_property
    def slope(self) -> np.ndarray:
        """The weights of y in the least-squares slope, (P,); NaN where x is constant in every cell."""
        left = self._centred @ self.x
        squares = left @ left
        return left / (squares if squares > _SINGULAR * (self.x @ self.x) else np.nan)

    def variance(self, weights: np.ndarray) -> Variance:
        """Return the variance of the sum of y under these weights (P,)."""
        left = self._centred @ self.x
        residuals = self._centred - np.outer(left, self.slope)
        form = residuals @ self._weighted(weights) @ residuals
        alike = np.equal.outer(self.seed, self.seed).astype(np.float64)
        found = np.array([_moments(form, weights, errors) for errors in (np.eye(len(alike)), alike)])
        return Variance(float(self.y @ form @ self.y * found[:, 0].max()), float(found[:, 1].min()))  # NaN stays

    def infer(self, weights: np.ndarray, level: Level) -> Inference:
        """Return the sum of y under these weights (P,) with its interval."""
        return inference(float(weights @ self.y), self.variance(weights), self.seeds, level)

    @cached_property
    def _centred(self) -> np.ndarray:
        """The matrix (P, P) that subtracts the means of the cells."""
        same = np.equal.outer(self.cell, self.cell)
        return np.eye(len(same)) - same / same.sum(axis=1)

    def _weighted(self, weights: np.ndarray) -> np.ndarray:
        """Return the matrix (P, P) that gives residuals of a seed the weights that all seeds have in their cells."""
        of_seeds = np.zeros((self.seeds, self.cell.max() + 1))
        of_seeds[self.seed, self.cell] = weights
        spare = np.sqrt(np.maximum(np.bincount(self.cell) - 1, 1))
        of_cells = of_seeds.T @ of_seeds / np.outer(spare, spare)
        return of_cells[np.ix_(self.cell, self.cell)] * np.equal.outer(self.seed, self.seed)


def inference(estimate: float, variance: Variance, seeds: int, level: Level) -> Inference:
    """Return an estimate with Student's t interval from its variance."""
    if not np.isfinite(estimate):
        return Inference(np.nan, n_seeds=seeds, note="undefined")
    if not (np.isfinite(variance.value) and variance.value > 0):
        return Inference(estimate, n_seeds=seeds, note="nothing is left to judge by, no t interval")
    error = np.sqrt(variance.value)
    half = float(stdtrit(variance.freedom, 0.5 + level.confidence / 2)) * error
    p_value = float(2 * stdtr(variance.freedom, -abs(estimate) / error))
    return Inference(estimate, estimate - half, estimate + half, p_value, float(error * np.sqrt(seeds)), seeds)


def _moments(form: np.ndarray, weights: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Return what makes a quadratic form unbiased, and its degrees of freedom, for errors of this covariance (P, P)."""
    product = form @ errors
    expected, squares = float(np.trace(product)), float((product * product.T).sum())
    if not (expected > 0 and squares > 0):
        return np.nan, np.nan
    return float(weights @ errors @ weights) / expected, expected**2 / squares
