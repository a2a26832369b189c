"""How well a quantity after a task predicts what is lost on the next one, in data that it was not fitted on.

The prediction is least squares on the quantity's rank among all points, so that only its order counts: neither a unit
nor a logarithm has to be chosen, and nothing is extrapolated. Its skill is 1 − Σ(y − ŷ)²/Σ(y − ȳ)², where ŷ and the
mean ȳ are both of the points that it was fitted on; 0 is no better than that mean, below 0 is worse. The rival is the
number of the task, as a natural cubic spline, if wanted with other quantities' ranks beside it; the gain of a quantity
is the skill of both together less that of the rival.

Held out are, by the scope: each task of a run (within_run), each seed of an arm (across_seeds), each experiment in each
seed, fitted on the other experiments in the other seeds (across_arms). Arms of one experiment are one method at several
strengths, so they are left out together; a seed's runs share their tasks, so it is never on both sides.

Skills and gains are those of a prediction that was fitted on the other seeds of so many. Their intervals are therefore
centred at the estimate: without its bias, it would be that of a fit on infinitely many seeds.

Shapes: P points, G groups, S seeds, p columns of the design and the loss behind them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasticity.analysis.basis import natural_spline, orthonormal
from plasticity.analysis.held_out import (
    MODELS,
    SEED,
    SINGULAR,
    SPARE,
    Errors,
    columns_of,
    errors_of,
    less,
    moments_of,
    ranks_of,
    sums_of,
)
from plasticity.analysis.inference import Inference, Level, Statistic, infer
from plasticity.analysis.next_losses import NextLosses

SCOPES = ("within_run", "across_seeds", "across_arms")
_EXACT = 1e-12  # share of the error that is left, below which a prediction is exact but for rounding


@dataclass(frozen=True)
class Prediction:
    """How well a quantity predicts in one scope: its skill, its gain over the rival, and from how much."""

    skill: Inference
    gain: Inference
    n_arms: int
    n_points: int


def predictions(
    points: NextLosses, quantity: np.ndarray, level: Level, *, beside: Sequence[np.ndarray] = ()
) -> Mapping[str, Prediction]:
    """Return by scope how well a quantity predicts the loss.

    Args:
        points: The transitions.
        quantity: Its value at the beginning of each (P,); where it is not finite, the point is left out.
        level: Level of the intervals.
        beside: Other quantities (P,) that the rival has as well as the number of the task.
    """
    kept = np.logical_and.reduce([np.isfinite(values) for values in (quantity, *beside)])
    points, quantity = points.where(kept), quantity[kept]
    if not len(quantity):
        nothing = infer(lambda counts: counts[:, 0], 0, level)
        return dict.fromkeys(SCOPES, Prediction(nothing, nothing, 0, 0))
    design = _design(points, quantity, [values[kept] for values in beside])
    arms, found = int(points.arm.max()) + 1, {}
    for scope, errors in zip(SCOPES, (_within_runs, _across_seeds, _across_arms), strict=True):
        of_seeds = _remembered(errors(points, design))
        skill = _inference(of_seeds, points.seeds, level, ("quantity", "mean"))
        gain = _inference(of_seeds, points.seeds, level, ("both", "rival"))
        found[scope] = Prediction(skill, gain, arms, len(quantity))
    return found


OfSeeds = Callable[[np.ndarray], Errors]
"""From seeds that are taken, bool (S,), to the errors of their held-out parts."""


def _remembered(errors: OfSeeds) -> OfSeeds:
    """Return the same function, which computes the errors of the same seeds once: skill and gain ask for the same."""
    known: dict[bytes, Errors] = {}

    def found(taken: np.ndarray) -> Errors:
        key = taken.tobytes()
        if key not in known:
            known[key] = errors(taken)
        return known[key]

    return found


def _inference(errors: OfSeeds, seeds: int, level: Level, models: tuple[str, str]) -> Inference:
    """Return the skill of a model less that of its rival.

    Seeds in which nothing can be predicted are always taken, as others may be fitted on them, and not counted: to leave
    one out would say nothing, and a degree of freedom too many.
    """
    every = errors(np.ones(seeds, bool))
    predicted = np.isin(np.arange(seeds), every[SEED][np.isfinite(sums_of(every, *models)).all(axis=0)])

    def of(counts: np.ndarray) -> np.ndarray:
        taken = np.ones((len(counts), seeds), bool)
        taken[:, predicted] = counts > 0
        return np.array([less(errors(row), *models) for row in taken])

    number = int(predicted.sum())
    if not number:
        return Inference(np.nan, n_seeds=seeds, note="undefined")
    return infer(of, number, level, corrected=False) if "rival" in models else _skill(of, number, level)


def _skill(of: Statistic, seeds: int, level: Level) -> Inference:
    """Return a skill whose interval stays below one: that of the logarithm of the share of the error that is left."""
    found = infer(lambda counts: np.log(np.maximum(1 - of(counts), _EXACT)), seeds, level, corrected=False)
    left, low, high = np.exp([found.estimate, found.high, found.low])
    return replace(found, estimate=float(1 - left), low=float(1 - low), high=float(1 - high))


def _design(points: NextLosses, quantity: np.ndarray, beside: Sequence[np.ndarray]) -> np.ndarray:
    """Return the columns of all models, (P, k + 1), and behind them the loss: the rival's, the quantity's rank."""
    rival = np.column_stack([natural_spline(points.task), *map(ranks_of, beside)])
    everywhere = np.ones(len(quantity), bool)
    scale = np.sqrt(len(quantity))
    return np.column_stack([orthonormal(rival, everywhere) * scale, ranks_of(quantity), points.loss])


def _within_runs(points: NextLosses, design: np.ndarray) -> OfSeeds:
    """Each task of a run, fitted on the run's other tasks: residuals divided by 1 − leverage."""
    runs = points.arm * points.seeds + points.seed
    names, first = np.unique(runs, return_index=True)
    columns = columns_of(design)
    errors = {name: np.full(len(names), np.nan) for name in MODELS}
    for place, run in enumerate(names):
        rows = design[runs == run]
        if len(rows) < len(columns["both"]) + SPARE:
            continue
        for name, chosen in columns.items():
            left, singular, _ = np.linalg.svd(rows[:, chosen], full_matrices=False)
            left = left[:, singular > SINGULAR * singular.max()]
            rest = rows[:, -1] - left @ (left.T @ rows[:, -1])
            spare = 1 - np.square(left).sum(axis=1)
            errors[name][place] = np.square(rest / np.where(spare > SINGULAR, spare, np.nan)).sum()
    seeds = points.seed[first]

    def of(taken: np.ndarray) -> Errors:
        kept = taken[seeds]
        return {**{name: values[kept] for name, values in errors.items()}, SEED: np.cumsum(taken)[seeds[kept]] - 1}

    return of


def _across_seeds(points: NextLosses, design: np.ndarray) -> OfSeeds:
    """Each seed of an arm, fitted on the arm's other seeds."""
    moments = moments_of(design, points.arm, points.seed)

    def errors(taken: np.ndarray) -> Errors:
        chosen = moments[:, taken]
        return errors_of(chosen, chosen.sum(axis=1, keepdims=True) - chosen, columns_of(design))

    return errors


def _across_arms(points: NextLosses, design: np.ndarray) -> OfSeeds:
    """Each experiment in each seed, fitted on the other experiments in the other seeds."""
    moments = moments_of(design, points.experiment, points.seed)

    def errors(taken: np.ndarray) -> Errors:
        chosen = moments[:, taken]
        of_experiment, of_seed = chosen.sum(axis=1, keepdims=True), chosen.sum(axis=0, keepdims=True)
        fitted = chosen.sum(axis=(0, 1), keepdims=True) - of_experiment - of_seed + chosen
        return errors_of(chosen, fitted, columns_of(design))

    return errors
