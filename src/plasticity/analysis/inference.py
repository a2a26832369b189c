"""From an estimate that can be computed for any resample of the seeds to its intervals, p-value and power.

Seeds are the unit that is independent. Two intervals stand beside every estimate. The first, by which verdicts go, is
Student's t of the seeds' jackknife pseudo-values n·θ̂ − (n−1)·θ̂₍₋ᵢ₎ with n − 1 degrees of freedom (Tukey 1958; Efron &
Tibshirani 1993, ch. 11): every seed left out once, with all its points. It is wide for few seeds, as it should be. The
second is the percentile interval of the bootstrap over seeds, each seed drawn with all its points, as in the table of
correlations: the range of the seeds where there are three. Correlations are taken through Fisher's z = artanh r.

Shapes: R resamples, S seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from plasticity.analysis.bootstrap import interval, resamples

Statistic = Callable[[np.ndarray], np.ndarray]
"""From counts (R, S), how often each resample takes each seed, to the estimate in each, shape (R,); NaN undefined."""

_LARGEST = 1 - 1e-12  # correlation whose artanh is finite
_ROUNDING = 1e-9  # of estimates that are equal, beside their size


@dataclass(frozen=True)
class Inference:
    """An estimate and how sure it is; NaN where there is no number.

    Attributes:
        estimate: The estimate.
        low: Lower end of the jackknife's t interval.
        high: Its upper end.
        bootstrap_low: Lower end of the bootstrap's percentile interval.
        bootstrap_high: Its upper end.
        p_value: Two-sided, of the hypothesis that the quantity is zero.
        deviation: Standard deviation of the pseudo-values over the seeds, of z for a correlation.
        n_seeds: Seeds that it was computed from.
        note: Why a number is missing; empty otherwise.
    """

    estimate: float
    low: float = np.nan
    high: float = np.nan
    bootstrap_low: float = np.nan
    bootstrap_high: float = np.nan
    p_value: float = np.nan
    deviation: float = np.nan
    n_seeds: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Level:
    """Level of the intervals and number of bootstrap resamples; `samples` 0 leaves the bootstrap out."""

    confidence: float
    samples: int


def infer(statistic: Statistic, seeds: int, level: Level, *, correlation: bool = False) -> Inference:
    """Return the estimate over all seeds with its intervals.

    Args:
        statistic: The estimate as a function of how often each seed is taken.
        seeds: Their number S.
        level: Level of the intervals and number of resamples.
        correlation: The estimate is a correlation coefficient.
    """
    if not seeds:
        return Inference(np.nan, note="no points")
    drawn = resamples(seeds, level.samples) if level.samples and seeds > 1 else None
    parts = [np.ones((1, seeds))] + ([1.0 - np.eye(seeds)] if seeds > 1 else []) + ([drawn.counts] if drawn else [])
    values = statistic(np.concatenate(parts))
    estimate, without = float(values[0]), values[1 : seeds + 1]
    if not np.isfinite(estimate):
        return Inference(np.nan, n_seeds=seeds, note="undefined")
    if seeds < 2:
        return Inference(estimate, n_seeds=seeds, note="1 seed, no interval")
    ends = interval(values[None, seeds + 1 :], drawn.probabilities, level.confidence)[:, 0] if drawn else (np.nan,) * 2
    if not np.isfinite(without).all():
        note = f"undefined without one of the seeds ({int((~np.isfinite(without)).sum())} of {seeds}), no t interval"
        return Inference(estimate, bootstrap_low=ends[0], bootstrap_high=ends[1], n_seeds=seeds, note=note)
    if _alike(without):
        note = "the same without any of the seeds, no t interval"
        return Inference(estimate, bootstrap_low=ends[0], bootstrap_high=ends[1], n_seeds=seeds, note=note)
    low, high, p_value, deviation = _jackknife(estimate, without, level.confidence, correlation=correlation)
    return Inference(estimate, low, high, ends[0], ends[1], p_value, deviation, seeds)


def _jackknife(
    estimate: float, without: np.ndarray, confidence: float, *, correlation: bool
) -> tuple[float, float, float, float]:
    """Return ends of the t interval, p-value and standard deviation of the pseudo-values."""
    n = len(without)
    centre, left_out = (_z(estimate), _z(without)) if correlation else (np.float64(estimate), without)
    pseudo = n * centre - (n - 1) * left_out
    deviation = float(pseudo.std(ddof=1))
    error = deviation / np.sqrt(n)
    half = stdtrit(n - 1, 0.5 + confidence / 2) * error
    ends = np.array([centre - half, centre + half])
    low, high = np.tanh(ends) if correlation else ends
    p_value = 2 * stdtr(n - 1, -abs(centre) / error) if error > 0 else 1.0  # all are zero
    return float(low), float(high), float(p_value), deviation


def _alike(without: np.ndarray) -> bool:
    """Say whether no seed makes a difference but for rounding: an interval of no width. Zeros are left to have one."""
    largest = np.abs(without).max()
    return bool(largest > 0 and np.ptp(without) <= _ROUNDING * largest)


def _z(values: np.ndarray | float) -> np.ndarray:
    return np.arctanh(np.clip(values, -_LARGEST, _LARGEST))
