"""Student's t intervals over seeds, the only unit of a study that is independent: every seed left out once.

Checkpoints or tasks of one seed lie on one trajectory, and its runs share their beginning, so that a seed is left out
with all of its points. The pseudo-values n·θ̂ − (n−1)·θ̂₍₋ᵢ₎ are taken as n independent values (Tukey 1958; Efron &
Tibshirani 1993, ch. 11). Correlations go through Fisher's z = artanh r, on which they are nearly normal and whose ends
stay within ±1. How often an interval holds the truth is simulated by `benchmarks/error_rates.py`.

Shapes: B series (metrics), S seeds, T checkpoints, R subsets of the seeds, k basis functions.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr, stdtrit

from plasticity.analysis.basis import orthonormal, residuals
from plasticity.analysis.correlation import Points, coefficients

_EXACT = 1 - 1e-9  # correlation that is one but for rounding, as Spearman's of few points often is
_ROUNDING = 1e-9  # of estimates that are equal, beside their size
_SINGULAR = 1e-12  # squared length, beside that before the fit, below which a subset's residual is round-off
_NODES = np.linspace(-8.0, 8.0, 161)  # of the normal distribution; the trapezoidal rule is exact there to rounding
_WEIGHTS = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()


@dataclass(frozen=True)
class Spread:
    """How far estimates are known, each of shape (B,); NaN where no interval can be given.

    `deviation` is the standard deviation of the pseudo-values, of z for correlations; `alike` says that leaving out any
    seed changes nothing, so that there is no spread to judge by.
    """

    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    deviation: np.ndarray
    alike: np.ndarray


def subsets(seeds: int) -> np.ndarray:
    """Return which seeds are taken: all of them, then all but each one; shape (S + 1, S)."""
    return np.concatenate([np.ones((1, seeds)), 1.0 - np.eye(seeds)])


def jackknife(
    values: np.ndarray, confidence: float, *, correlation: bool, corrected: bool = True, freedom: float | None = None
) -> Spread:
    """Return the t intervals of estimates from their values in every subset of the seeds.

    Args:
        values: Estimate over all seeds, then without each one, shape (B, S + 1), S at least 2.
        confidence: Level, such as 0.95.
        correlation: The estimates are correlations.
        corrected: Centre the interval at the mean of the pseudo-values, which lacks the bias that falls as 1/n; else at
            the estimate. It reaches to the estimate in any case.
        freedom: Degrees of freedom of t; by default one less than there are seeds.
    """
    n = values.shape[1] - 1
    freedom = n - 1 if freedom is None else freedom
    alike = _alike(values[:, 1:])
    scaled = fisher_z(_inside(values)) if correlation else values
    pseudo = n * scaled[:, :1] - (n - 1) * scaled[:, 1:]
    centre, deviation = pseudo.mean(axis=1) if corrected else scaled[:, 0], pseudo.std(axis=1, ddof=1)
    error = np.where(alike, np.nan, deviation) / np.sqrt(n)
    half = stdtrit(freedom, 0.5 + confidence / 2) * error
    low, high = centre - half, centre + half
    low, high = (np.tanh(low), np.tanh(high)) if correlation else (low, high)
    low, high = np.minimum(low, values[:, 0]), np.maximum(high, values[:, 0])  # NaN stays
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * stdtr(freedom, -np.abs(centre) / error)
    return Spread(low, high, p_value, np.where(np.isfinite(error), deviation, np.nan), alike)


def mean_interval(found: np.ndarray, confidence: float) -> np.ndarray:
    """Return the interval of the mean of the seeds' correlations, over the seeds where it is defined.

    It reaches over the jackknife's and over `spread_interval`: strong correlations of few points have a long tail
    towards zero, of which few seeds show little, and the jackknife alone holds their mean in 91 to 93 % of studies.

    Args:
        found: Coefficient per series and seed, NaN where undefined, shape (B, S).
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B), NaN with fewer than two seeds or where all of them are equal.
    """
    ends = np.full((2, len(found)), np.nan)
    for rows, seeds in _by_seeds(np.isfinite(found)):
        draws = subsets(seeds.shape[1])
        values = np.take_along_axis(found[rows], seeds, axis=1)
        low, high = _ends(values @ draws.T / draws.sum(axis=1), confidence)
        other = spread_interval(values, confidence)
        low, high = np.minimum(low, other[0]), np.maximum(high, other[1])  # NaN stays
        ends[:, rows] = low, high
    return ends


def spread_interval(values: np.ndarray, confidence: float) -> np.ndarray:
    """Return the interval of the mean of correlations whose z is normal over the seeds.

    Student's t of the seeds' z gives the ends of the mean of z. The mean of r lies nearer to zero than tanh of these:
    it is E tanh(μ + σX) with X normal. σ² is s²(n − 1)/(n − 3), what it is on average
    given the seeds' variance s² (with 1 in place of n − 3 below four seeds): few seeds show little of a wide spread.

    Args:
        values: Correlations of the seeds, shape (B, n), n at least 2.
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B).
    """
    z, n = fisher_z(_inside(values)), values.shape[1]
    deviation = z.std(axis=1, ddof=1)
    half = stdtrit(n - 1, 0.5 + confidence / 2) * deviation / np.sqrt(n)
    ends = z.mean(axis=1) + np.multiply.outer([-1, 1], half)
    sigma = deviation * np.sqrt((n - 1) / max(n - 3, 1))
    return np.tanh(ends[..., None] + sigma[:, None] * _NODES) @ _WEIGHTS


def pooled_interval(points: Points, confidence: float) -> np.ndarray:
    """Return the interval of the coefficient over the points of all seeds, fitted or ranked anew without each.

    Args:
        points: Points of shape (B, S, T), from `points_of`.
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B), NaN with fewer than two seeds that have points, where the coefficient is
        undefined without one of them, or where none of them makes a difference.
    """
    ends = np.full((2, len(points.mask)), np.nan)
    moments = None if points.method == "spearman" else _moments(points)
    for rows, seeds in _by_seeds(points.mask.sum(axis=2) > 0):
        draws = subsets(seeds.shape[1])
        if moments is None:
            values = np.stack([_ranked(points, row, draws, seed) for row, seed in zip(rows, seeds, strict=True)])
        else:
            values = _taken(np.take_along_axis(moments[rows], seeds[..., None, None], axis=1), draws)
        number = np.take_along_axis(points.mask[rows].sum(axis=2), seeds, axis=1) @ draws.T
        ends[:, rows] = _ends(np.where(number >= _least(points, rows, len(draws)), values, np.nan), confidence)
    return ends


def averaged_interval(points: Points, confidence: float) -> np.ndarray:
    """Return the interval of the coefficient of the series of means over the seeds, averaged anew without each.

    The interval is about means of as many seeds, as the estimate is: the fewer, the more of their own noise these keep,
    and the nearer to zero is r. What infinitely many seeds would give lies further out (docs/statistics.md).

    Args:
        points: Points of shape (B, S, T), from `points_of`.
        confidence: Level, such as 0.95.

    Returns:
        Lower and upper ends, shape (2, B), NaN with fewer than two seeds that have points.
    """
    ends = np.full((2, len(points.mask)), np.nan)
    for rows, seeds in _by_seeds(points.mask.sum(axis=2) > 0):
        draws, places = subsets(seeds.shape[1]), (rows[:, None], seeds)
        x, y, mask = (values[places] for values in (points.x, points.y, points.mask))
        means = Points(points.method, x, y, mask, points.basis).averaged(draws)
        if (means.mask == means.mask[0, 0]).all():  # one mask, so one fit, for all subsets
            means = replace(means, mask=means.mask[0, 0])
        spread = jackknife(coefficients(means).value, confidence, correlation=True, corrected=False)
        ends[:, rows] = spread.low, spread.high
    return ends


def fisher_z(values: np.ndarray | float) -> np.ndarray:
    """Return artanh of correlations, finite at ±1."""
    return np.arctanh(np.clip(values, -_EXACT, _EXACT))


def _inside(values: np.ndarray) -> np.ndarray:
    """Return correlations (B, S + 1) with those of exactly ±1 halfway to the largest of their row that is not.

    Few ranks often agree exactly; artanh is infinite there, and a single such subset would outweigh all others.
    """
    size = np.abs(values)
    exact = size > _EXACT
    largest = np.where(exact, 0.0, size).max(axis=1, keepdims=True)
    return np.where(exact, np.sign(values) * (1 + largest) / 2, values)


def _ends(values: np.ndarray, confidence: float) -> np.ndarray:
    spread = jackknife(values, confidence, correlation=True)
    return np.stack([spread.low, spread.high])


def _alike(without: np.ndarray) -> np.ndarray:
    """Return where no seed makes a difference but for rounding: an interval of no width would exclude all else."""
    return np.ptp(without, axis=1) <= _ROUNDING * np.abs(without).max(axis=1)


def _least(points: Points, rows: np.ndarray, number: int) -> np.ndarray:
    """Return the fewest points of each subset that leave a coefficient one to spare: with none it is ±1 whatever."""
    absorbed = np.broadcast_to(points.absorbed, points.mask.shape[:1])[rows][:, None]
    without = (np.arange(number) > 0) & (absorbed > 0)  # a seed that is left out takes its level with it
    return points.basis.shape[-1] + absorbed - without + 2


def _by_seeds(contributes: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Group series (B, S) by their number n of contributing seeds: rows, and seed indices of shape (rows, n)."""
    numbers = contributes.sum(axis=1)
    first = np.argsort(~contributes, axis=1, kind="stable")
    wanted = np.unique(numbers[numbers >= 2]).tolist()
    return [(rows, first[rows, :n]) for n in wanted for rows in [np.flatnonzero(numbers == n)]]


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


def _taken(moments: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the coefficient in each subset of the seeds, (B, R), from the seeds' moments (B, S, k + 2, k + 2).

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
    """Return Spearman's ρ of one series in each subset of the seeds, (R,), with ranks among the points of the subset.

    A point's average rank in a subset is 1/2 + Σ_s count_s (points of seed s below it + half of those equal to it).
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
    """Return how far each point's rank in each subset lies from the mean rank (n + 1)/2, shape (points, R)."""
    below = np.greater.outer(values, values) + 0.5 * np.equal.outer(values, values)
    return (below @ members) @ counts.T - n / 2
