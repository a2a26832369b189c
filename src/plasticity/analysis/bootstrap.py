"""Percentile intervals by resampling seeds, the only unit of a study that is independent (Efron & Tibshirani 1993).

A resample draws as many seeds as there are, with replacement, each with all its points: checkpoints or tasks of one
seed lie on one trajectory, its runs share their beginning, and they are never drawn one by one. What matters of a
resample is how often it holds each seed, and n seeds allow C(2n−1, n) such counts. Where that is no more than the
wanted number of samples (up to 7 seeds at 2000) the bootstrap distribution is computed exactly, each count vector with
its multinomial probability, instead of drawn.

Shapes: B series (metrics), S seeds, T checkpoints, R resamples, k basis functions.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations_with_replacement
from math import comb, factorial, prod

import numpy as np

from plasticity.analysis.basis import orthonormal, residuals
from plasticity.analysis.correlation import Points, coefficients
from plasticity.seeding import numpy_generator

_SINGULAR = 1e-12  # squared length, beside that before the fit, below which a resample's residual is round-off


@dataclass(frozen=True)
class Resamples:
    """How often each resample holds each seed, `counts` of shape (R, S), and its probability, shape (R,)."""

    counts: np.ndarray
    probabilities: np.ndarray


@cache
def resamples(n_seeds: int, samples: int) -> Resamples:
    """Return the bootstrap resamples of `n_seeds` seeds: all of them where at most `samples` differ, else drawn."""
    if comb(2 * n_seeds - 1, n_seeds) <= samples:
        draws = combinations_with_replacement(range(n_seeds), n_seeds)
        counts = np.array([np.bincount(draw, minlength=n_seeds) for draw in draws])
        ways = [factorial(n_seeds) // prod(factorial(count) for count in row) for row in counts.tolist()]
        probabilities = np.array(ways) / n_seeds**n_seeds
    else:
        generator = numpy_generator(0, "correlate/bootstrap", n_seeds)
        counts = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=samples)
        probabilities = np.full(samples, 1 / samples)
    return Resamples(counts.astype(np.float64), probabilities)


def interval(values: np.ndarray, probabilities: np.ndarray, confidence: float) -> np.ndarray:
    """Return the percentile interval of a discrete distribution, by its inverse distribution function.

    Undefined (NaN) values are left out and the probabilities of the others scaled up; where the undefined ones hold
    half of the probability or more, so is the interval.

    Args:
        values: Coefficient per resample, shape (B, R).
        probabilities: Probability per resample, shape (R,).
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B).
    """
    order = np.argsort(values, axis=1)
    ascending = np.take_along_axis(values, order, axis=1)
    weights = np.where(np.isnan(ascending), 0.0, probabilities[order])
    tail = (1 - confidence) / 2
    ends = np.stack([_first(ascending, weights, tail), _first(ascending[:, ::-1], weights[:, ::-1], tail)])
    return np.where(weights.sum(axis=1) > 0.5, ends, np.nan)


def mean_interval(coefficients: np.ndarray, *, samples: int, confidence: float) -> np.ndarray:
    """Return the interval of the mean of the seeds' coefficients, over the seeds where it is defined.

    Args:
        coefficients: Coefficient per series and seed, NaN where undefined, shape (B, S).
        samples: Number of resamples.
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B), NaN with fewer than two seeds.
    """
    ends = np.full((2, len(coefficients)), np.nan)
    for rows, seeds, drawn in _by_seeds(np.isfinite(coefficients), samples):
        values = np.take_along_axis(coefficients[rows], seeds, axis=1)
        ends[:, rows] = interval(values @ drawn.counts.T / seeds.shape[1], drawn.probabilities, confidence)
    return ends


def pooled_interval(points: Points, *, samples: int, confidence: float) -> np.ndarray:
    """Return the interval of the coefficient over the points of all seeds, fitted or ranked anew in each resample.

    Args:
        points: Points of shape (B, S, T), from `points_of`.
        samples: Number of resamples.
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B), NaN with fewer than two seeds that have points.
    """
    ends = np.full((2, len(points.mask)), np.nan)
    moments = None if points.method == "spearman" else _moments(points)
    for rows, seeds, drawn in _by_seeds(points.mask.sum(axis=2) > 0, samples):
        if moments is None:
            values = np.stack([_ranked(points, row, drawn.counts, seed) for row, seed in zip(rows, seeds, strict=True)])
        else:
            values = _resampled(np.take_along_axis(moments[rows], seeds[..., None, None], axis=1), drawn.counts)
        ends[:, rows] = interval(values, drawn.probabilities, confidence)
    return ends


def averaged_interval(points: Points, *, samples: int, confidence: float) -> np.ndarray:
    """Return the interval of the coefficient of the series of means over the seeds, averaged anew in each resample.

    Args:
        points: Points of shape (B, S, T), from `points_of`.
        samples: Number of resamples.
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B), NaN with fewer than two seeds that have points.
    """
    ends = np.full((2, len(points.mask)), np.nan)
    for rows, seeds, drawn in _by_seeds(points.mask.sum(axis=2) > 0, samples):
        for row, seed in zip(rows, seeds, strict=True):
            x, y, mask = points.x[row, seed], points.y[row, seed], points.mask[row, seed]
            means = Points(points.method, x, y, mask, points.basis).averaged(drawn.counts)
            if (means.mask == means.mask[0]).all():  # one mask, so one fit, for all resamples
                means = replace(means, mask=means.mask[0])
            ends[:, row] = interval(coefficients(means).value[None], drawn.probabilities, confidence)[:, 0]
    return ends


def _first(values: np.ndarray, weights: np.ndarray, tail: float) -> np.ndarray:
    """Return each row's first value at which its cumulative weight reaches the share `tail`, up to round-off."""
    reached = np.cumsum(weights, axis=1)
    index = np.argmax(reached >= tail * reached[:, -1:] * (1 - 1e-9), axis=1)
    return np.take_along_axis(values, index[:, None], axis=1)[:, 0]


def _by_seeds(contributes: np.ndarray, samples: int) -> list[tuple[np.ndarray, np.ndarray, Resamples]]:
    """Group series (B, S) by their number n of contributing seeds: rows, seed indices (rows, n), resamples."""
    numbers = contributes.sum(axis=1)
    first = np.argsort(~contributes, axis=1, kind="stable")
    groups = []
    for n in np.unique(numbers[numbers >= 2]).tolist():
        rows = np.flatnonzero(numbers == n)
        groups.append((rows, first[rows, :n], resamples(n, samples)))
    return groups


def _moments(points: Points) -> np.ndarray:
    """Return each seed's sums of products of (basis, x, y), shape (B, S, k + 2, k + 2).

    Basis and residuals of the pooled fit span the same space as the raw columns and keep the sums well conditioned.
    """
    pooled = points.pooled()
    q = orthonormal(pooled.basis, pooled.mask)
    x, y = (residuals(values, q, pooled.mask) for values in (pooled.x, pooled.y))
    columns = np.concatenate([q, x[..., None], y[..., None]], axis=-1)
    columns = columns.reshape(*points.mask.shape, columns.shape[-1])  # not -1: a window may hold no difference
    return np.swapaxes(columns, -1, -2) @ columns


def _resampled(moments: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the coefficient in each resample, (B, R), from the seeds' moments (B, S, k + 2, k + 2).

    The basis is swept out of the summed products one function at a time (Goodnight 1979, "A Tutorial on the SWEEP
    Operator"), which leaves the residual sums of squares and products of x and y.
    Too few points need no count here: they leave no residual, or they are the full sample, whose estimate is undefined.
    """
    sums = np.tensordot(np.moveaxis(moments, 1, -1), counts, axes=(-1, 1))  # (B, k + 2, k + 2, R)
    sums = np.ascontiguousarray(np.moveaxis(sums, 0, 2))
    before = np.einsum("iibr->ibr", sums)
    for j in range(len(sums) - 2):
        independent = sums[j, j] > _SINGULAR * before[j]
        factor = np.divide(sums[j], sums[j, j], out=np.zeros_like(sums[j]), where=independent)
        sums = sums - sums[:, j, None] * factor
    xx, xy, yy = sums[-2, -2], sums[-2, -1], sums[-1, -1]
    defined = (xx > _SINGULAR * before[-2]) & (yy > _SINGULAR * before[-1])
    squares = np.where(defined, xx * yy, 1.0)
    return np.where(defined, np.clip(xy / np.sqrt(squares), -1.0, 1.0), np.nan)


def _ranked(points: Points, row: int, counts: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Return Spearman's ρ of one series in each resample, (R,), with ranks among the points of the resample.

    A point's average rank in a resample is 1/2 + Σ_s count_s (points of seed s below it + half of those equal to it).
    """
    mask = points.mask[row, seeds]
    of_seed = np.nonzero(mask)[0]
    members = np.equal.outer(of_seed, np.arange(len(seeds))).astype(np.float64)
    weights = (counts @ members.T).T
    n = weights.sum(axis=0)
    x, y = (_deviations(values[row, seeds][mask], members, counts, n) for values in (points.x, points.y))
    weighted = weights * x
    xx, xy, yy = (weighted * x).sum(axis=0), (weighted * y).sum(axis=0), (weights * y * y).sum(axis=0)
    defined = (xx > 0.25) & (yy > 0.25)  # a rank that is not constant deviates by at least a half
    return np.where(defined, np.clip(xy / np.sqrt(np.where(defined, xx * yy, 1.0)), -1.0, 1.0), np.nan)


def _deviations(values: np.ndarray, members: np.ndarray, counts: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return how far each point's rank in each resample lies from the mean rank (n + 1)/2, shape (points, R)."""
    below = np.greater.outer(values, values) + 0.5 * np.equal.outer(values, values)
    return (below @ members) @ counts.T - n / 2
