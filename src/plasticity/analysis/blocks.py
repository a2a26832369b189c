"""Rows of the correlations table that share outcome, arm, method and window: one block per such combination.

A block holds a row per metric and aggregate. Its columns are arrays, of shape (metrics, aggregates) until they are
joined; the aggregates are the S seeds, their mean and, if asked for, the coefficient of the averaged series.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from plasticity.analysis.correlation import Coefficients, Points, coefficients, points_of
from plasticity.analysis.jackknife import averaged_interval, mean_interval, pooled_interval
from plasticity.analysis.panel import Excluded, Panel, excluded
from plasticity.analysis.windows import Window

Block = dict[str, np.ndarray]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Summary:
    """How seeds are summed up: level of the intervals, and whether their averaged series has rows."""

    confidence: float
    averaged: bool = False


@dataclass(frozen=True)
class Whole:
    """A coefficient over the points of all seeds, per series, with its interval; `contributing` counts the seeds."""

    aggregate: str
    found: Coefficients
    ends: np.ndarray
    contributing: np.ndarray

    def reasons(self, series: int, names: Pair) -> list[str]:
        """Return why estimate or interval of a series is missing, in phrases that may be empty."""
        missing = self.found.reason((series,), names)
        interval = bool(missing) or bool(np.isfinite(self.ends[0, series]))
        return [no_interval(int(self.contributing[series]), has_one=interval), missing]


def pooled(points: Points, summary: Summary, *, aggregate: str = "pooled") -> Whole:
    """Return the coefficient over the points (B, S, P) of all seeds at once."""
    return _whole(aggregate, points, coefficients(points.pooled()), pooled_interval(points, summary.confidence))


def averaged(points: Points, summary: Summary) -> Whole:
    """Return the coefficient of the series of means over the seeds of points (B, S, P)."""
    means = points.averaged(np.ones((1, points.mask.shape[-2]))).pooled()
    return _whole("averaged", points, coefficients(means), averaged_interval(points, summary.confidence))


def no_interval(seeds: int, *, has_one: bool) -> str:
    """Return why an estimate has no interval; empty where it has one, or has no estimate either."""
    if seeds == 1:
        return "1 seed, no interval"
    return "" if has_one else "no interval: without one of the seeds the same, or undefined"


def block_of(
    panel: Panel, window: Window, *, metrics: Sequence[str], outcome: str, method: str, summary: Summary
) -> Block:
    """Return the rows of all metrics and aggregates; their order is metric, then seeds, mean, averaged.

    Args:
        panel: The arm's checkpoints in the window.
        window: The window.
        metrics: Columns of the panel to correlate.
        outcome: Column of the panel they are correlated with.
        method: One of `METHODS`.
        summary: How the seeds are summed up.
    """
    x, y = np.stack([panel.values[metric] for metric in metrics]), panel.values[outcome]
    points = points_of(method, panel.epochs, x, y, panel.present & ~panel.diverged)
    left_out = excluded(panel, x, y, needs_positive_epoch=method == "partial_log")
    per_seed = coefficients(points)
    wholes = [averaged(points, summary)] if summary.averaged else []
    columns = _numbers(per_seed, wholes, left_out)
    columns |= _ends(mean_interval(per_seed.value, summary.confidence), wholes, len(panel.seeds))
    pairs = [(metric, outcome) for metric in metrics]
    columns["note"] = _notes(columns, (per_seed, wholes), left_out, seeds=panel.seeds.tolist(), pairs=pairs)
    aggregates = [*panel.seeds.tolist(), "mean", *(whole.aggregate for whole in wholes)]
    labels = {"outcome": outcome, "arm": panel.arm, "method": method, "window_kind": window.kind}
    labels |= {"window_start": window.start, "window_end": window.end}
    return _labels(metrics, aggregates, labels) | {name: array.ravel() for name, array in columns.items()}


def _whole(aggregate: str, points: Points, found: Coefficients, ends: np.ndarray) -> Whole:
    """Join a coefficient and its interval; an undefined estimate has none."""
    contributing = (points.mask.sum(axis=-1) > 0).sum(axis=-1)
    return Whole(aggregate, found, np.where(np.isfinite(found.value), ends, np.nan), contributing)


def _ends(mean: np.ndarray, wholes: list[Whole], n_seeds: int) -> Block:
    """Return interval ends of shape (metrics, aggregates); a single seed has none."""
    none = np.full((*mean.shape, n_seeds), np.nan)
    low, high = np.concatenate([none, mean[..., None], *(whole.ends[..., None] for whole in wholes)], axis=2)
    return {"ci_low": low, "ci_high": high}


def _numbers(per_seed: Coefficients, wholes: list[Whole], left_out: Excluded) -> Block:
    """Return estimates and counts of shape (metrics, aggregates)."""
    defined = np.isfinite(per_seed.value)
    n_defined = defined.sum(axis=1)
    total = np.where(defined, per_seed.value, 0.0).sum(axis=1)
    mean = np.divide(total, n_defined, out=np.full(total.shape, np.nan), where=n_defined > 0)
    points, missing = per_seed.n_points, left_out.total
    in_mean = np.where(defined, points, 0).sum(axis=1)
    return {
        "estimate": np.column_stack([per_seed.value, mean, *(whole.found.value for whole in wholes)]),
        "n_seeds": np.column_stack([points > 0, n_defined, *(whole.contributing for whole in wholes)]),
        "n_points": np.column_stack([points, in_mean, *(whole.found.n_points for whole in wholes)]),
        "n_excluded": np.column_stack([missing, *[missing.sum(axis=1)] * (1 + len(wholes))]),
    }


def _notes(
    columns: Block,
    found: tuple[Coefficients, list[Whole]],
    left_out: Excluded,
    *,
    seeds: list[int],
    pairs: list[Pair],
) -> np.ndarray:
    """Return in words what is undefined and what was left out, shape (metrics, aggregates); mostly empty."""
    per_seed, wholes = found
    n = len(seeds)
    summed = np.arange(columns["n_seeds"].shape[1]) >= n
    open_ended = summed & np.isnan(columns["ci_low"])
    speaks = np.isnan(columns["estimate"]) | (columns["n_excluded"] > 0) | open_ended
    speaks[:, n] |= np.isnan(per_seed.value).sum(axis=1) > 0
    notes = np.full(speaks.shape, "", dtype=object)
    for metric, column in np.argwhere(speaks).tolist():
        if column < n:
            parts = [per_seed.reason((metric, column), pairs[metric])]
        elif column == n:
            has_one = bool(np.isfinite(columns["ci_low"][metric, n]) or np.isnan(columns["estimate"][metric, n]))
            parts = [no_interval(int(columns["n_seeds"][metric, n]), has_one=has_one)]
            parts += _reasons_of_seeds(per_seed, metric, seeds, pairs[metric])
        else:
            parts = wholes[column - n - 1].reasons(metric, pairs[metric])
        parts += [left_out.note(metric, slice(column, column + 1) if column < n else slice(None))]
        notes[metric, column] = "; ".join(part for part in parts if part)
    return notes


def _reasons_of_seeds(per_seed: Coefficients, metric: int, seeds: list[int], names: Pair) -> list[str]:
    """Return a phrase per reason, with the seeds whose coefficient is undefined for it."""
    by_reason: dict[str, list[str]] = {}
    for index, seed in enumerate(seeds):
        by_reason.setdefault(per_seed.reason((metric, index), names), []).append(str(seed))
    return [f"undefined for seed {', '.join(those)}: {reason}" for reason, those in by_reason.items() if reason]


def _labels(metrics: Sequence[str], aggregates: list[int | str], same: dict[str, str | int]) -> Block:
    """Return the columns that name a row; a number among `aggregates` is a seed, `same` is alike in the whole block."""
    words = [each if isinstance(each, str) else "seed" for each in aggregates]
    seeds = [pd.NA if isinstance(each, str) else each for each in aggregates]
    found = {
        "metric": np.repeat(np.array(metrics, dtype=object), len(aggregates)),
        "aggregate": np.tile(np.array(words, dtype=object), len(metrics)),
        "seed": np.tile(np.array(seeds, dtype=object), len(metrics)),
    }
    return found | {name: np.full(found["metric"].size, value, dtype=object) for name, value in same.items()}
