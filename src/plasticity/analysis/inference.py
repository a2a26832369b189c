"""From an estimate that can be computed without any of the seeds to its interval, p-value and spread.

Seeds are the unit that is independent: every seed is left out once, with all its points, and the interval is Student's
t of the pseudo-values (`plasticity.analysis.jackknife`). It is wide for few seeds, as it should be.

Shapes: R subsets of the seeds, S seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plasticity.analysis.jackknife import jackknife, subsets

Statistic = Callable[[np.ndarray], np.ndarray]
"""From counts (R, S), how often each subset takes each seed, to the estimate in each, shape (R,); NaN undefined."""


@dataclass(frozen=True)
class Inference:
    """An estimate and how sure it is; NaN where there is no number.

    Attributes:
        estimate: The estimate.
        low: Lower end of the jackknife's t interval.
        high: Its upper end.
        p_value: Two-sided, of the hypothesis that the quantity is zero.
        deviation: Standard deviation of the pseudo-values over the seeds, of z for a correlation.
        n_seeds: Seeds that it was computed from.
        note: Why a number is missing; empty otherwise.
    """

    estimate: float
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan
    deviation: float = np.nan
    n_seeds: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Level:
    """Level of the intervals, such as 0.95."""

    confidence: float


def infer(
    statistic: Statistic,
    seeds: int,
    level: Level,
    *,
    correlation: bool = False,
    corrected: bool = True,
    effective_seeds: float | None = None,
) -> Inference:
    """Return the estimate over all seeds with its interval.

    Args:
        statistic: The estimate as a function of how often each seed is taken.
        seeds: Their number S.
        level: Level of the interval.
        correlation: The estimate is a correlation coefficient.
        corrected: Centre the interval at the value without the bias that falls as 1/n; else at the estimate, if that is
            about results from so many seeds.
        effective_seeds: How many seeds the estimate rests on where their weights differ. The degrees of freedom of t
            are one less, at least one, and the interval is centred at the estimate.
    """
    if not seeds:
        return Inference(np.nan, note="no points")
    values = statistic(subsets(seeds) if seeds > 1 else np.ones((1, 1)))
    estimate, without = float(values[0]), values[1:]
    if not np.isfinite(estimate):
        return Inference(np.nan, n_seeds=seeds, note="undefined")
    if seeds < 2:
        return Inference(estimate, n_seeds=seeds, note="1 seed, no interval")
    if not np.isfinite(without).all():
        note = f"undefined without one of the seeds ({int((~np.isfinite(without)).sum())} of {seeds}), no t interval"
        return Inference(estimate, n_seeds=seeds, note=note)
    freedom = None if effective_seeds is None else max(effective_seeds - 1, 1.0)
    corrected = corrected and freedom is None
    spread = jackknife(values[None], level.confidence, correlation=correlation, corrected=corrected, freedom=freedom)
    if spread.alike[0]:
        return Inference(estimate, n_seeds=seeds, note="the same without any of the seeds, no t interval")
    found = (float(part[0]) for part in (spread.low, spread.high, spread.p_value, spread.deviation))
    return Inference(estimate, *found, n_seeds=seeds)
