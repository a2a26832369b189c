"""Intervals of the table of correlations: over checkpoints, tasks and iterations, and across runs of first tasks."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from simulated import EFFECTS
from simulated.sequences import LENGTHS, first_tasks
from simulated.series import SERIES, Pair, Series

from plasticity.analysis.across_runs import within
from plasticity.analysis.correlation import METHODS, Points, points_of
from rates.series_estimates import AGGREGATES, limit
from rates.tally import Tally

TRUTH_SEEDS = 4000
RUN_METHODS = METHODS[:4]


def over_series(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count intervals over checkpoints, tasks and iterations."""
    for series in SERIES:
        for effect, name in EFFECTS.items():
            pair = series.pair(random, (studies, seeds), effect=effect)
            for method in METHODS:
                points = points_of(method, series.times, *pair)
                for aggregate in ("mean", "averaged") if series.averaged else ("mean",):
                    truth = _truth(series, method, aggregate, effect, seeds if aggregate == "averaged" else 0)
                    found = AGGREGATES[aggregate](points)
                    tally.intervals(f"{aggregate} {method} over {series.over}, {name}", found.ends, truth)


def across_runs(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count intervals across runs that end their first task at different NC1."""
    for effect, name in EFFECTS.items():
        runs = threshold_runs(random, studies, seeds, effect=effect)
        for method, what, aggregate, points in run_points(runs):
            truth = _run_truth(method, what, aggregate, effect)
            found = AGGREGATES["pooled"](points)
            tally.intervals(f"{aggregate} {method} across runs, {what}, {name}", found.ends, truth)


Runs = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Epochs, NC1 and accuracy, (studies, seeds, arms)."""


def threshold_runs(random: np.random.Generator, studies: int, seeds: int, *, effect: bool) -> Runs:
    """Return the runs of the arms that end the first task at a threshold."""
    epochs, nc1, accuracy = first_tasks(random, studies, seeds, effect=effect)
    chosen = slice(len(LENGTHS), None)
    return epochs[..., chosen], nc1[..., chosen], accuracy[..., chosen]


def run_points(runs: Runs) -> Iterator[tuple[str, str, str, Points]]:
    """Yield method, what is correlated, aggregate and points; runs of a seed that stop together count once."""
    epochs, nc1, accuracy = (values.astype(float) for values in runs)
    same = epochs[..., :, None] == epochs[..., None, :]
    usable = ~(same & np.tri(epochs.shape[-1], k=-1, dtype=bool)).any(axis=-1)
    for method in RUN_METHODS:
        pairs = {"NC1 and accuracy": (nc1, accuracy)}
        pairs |= {"epochs and accuracy": (epochs, accuracy)} if method in RUN_METHODS[:2] else {}
        for what, pair in pairs.items():
            points = points_of(method, epochs, *pair, usable)
            yield method, what, "pooled", points
            yield method, what, "within", within(points)


@cache
def _truth(series: Series, method: str, aggregate: str, effect: bool, seeds: int) -> float:
    shape = (TRUTH_SEEDS, seeds) if seeds else (1, TRUTH_SEEDS)
    return limit(aggregate, points_of(method, series.times, *_many(series, shape, effect)))


@cache
def _many(series: Series, shape: tuple[int, int], effect: bool) -> Pair:
    return series.pair(np.random.default_rng([shape[1], effect]), shape, effect=effect)


@cache
def _run_truths(effect: bool) -> dict[tuple[str, str, str], float]:
    runs = threshold_runs(np.random.default_rng(int(effect)), 1, TRUTH_SEEDS, effect=effect)
    return {(method, what, aggregate): limit("pooled", points) for method, what, aggregate, points in run_points(runs)}


def _run_truth(method: str, what: str, aggregate: str, effect: bool) -> float:
    return _run_truths(effect)[method, what, aggregate]
