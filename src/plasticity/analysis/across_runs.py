"""Runs of one experiment against each other: collapse after the first task, and what each later task shows.

A point is a run, that is one arm at one seed. Runs of a seed share initialisation, images and permutations and differ
in how long they stay on the first task: they are prefixes of one trajectory. Seeds are the only independent unit, so
points keep their seed: a coefficient pools them, an interval leaves seeds out with all their runs.

Two arms of a seed that stop after the same epoch, and learn the same wherever both have a task, are the same run
twice, and count once. (Bonifazi et al. 2024 lose such a run by accident, as the key of a dictionary, and are left with
14 of 15.)

Shapes: T tasks, S seeds, A arms.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from plasticity.analysis.correlation import Points, points_of
from plasticity.analysis.panel import Excluded, grid_of

LENGTH = "first_task_epochs"
_DIGITS = 12  # of a value's deviation from the mean of its seed, beside the largest value; the rest is round-off


@dataclass(frozen=True)
class Runs:
    """One experiment: tasks, seeds and arms in ascending order.

    `first` holds columns of the first task's rows, shape (S, A); `later` columns of every task, shape (T, S, A); NaN
    where there is no number. `lengths` is the number of first-task epochs, 1 where there is no run.
    """

    experiment: str
    tasks: np.ndarray
    seeds: np.ndarray
    lengths: np.ndarray
    first: dict[str, np.ndarray]
    later: dict[str, np.ndarray]
    present: np.ndarray
    diverged: np.ndarray
    unreached: np.ndarray
    twins: np.ndarray

    def at(self, tasks: np.ndarray) -> "Runs":
        """Return the runs at some of the tasks, given as flags of shape (T,)."""
        later = {name: values[tasks] for name, values in self.later.items()}
        return replace(
            self, tasks=self.tasks[tasks], later=later, present=self.present[tasks], diverged=self.diverged[tasks]
        )

    def points(self, method: str, metric: str, outcome: str) -> Points:
        """Return what `method` correlates at every task, shape (T, S, A); partials hold the lengths fixed."""
        usable = self._candidates & ~self.diverged
        return points_of(method, self.lengths, self.first[metric], self.later[outcome], usable)

    def excluded(self, metric: str, outcome: str) -> Excluded:
        """Return which runs are left out at every task, each reason of shape (T, 1)."""
        finite = np.isfinite(self.first[metric]) & np.isfinite(self.later[outcome])
        diverged = self._candidates & self.diverged
        parts = {
            "threshold not reached": np.broadcast_to(self.unreached, self.present.shape),
            "diverged": diverged,
            "not finite": self._candidates & ~diverged & ~finite,
        }
        return Excluded({reason: part.sum(axis=(1, 2))[:, None] for reason, part in parts.items()})

    @property
    def _candidates(self) -> np.ndarray:
        return self.present & ~self.unreached & ~self.twins


def compares(rows: pd.DataFrame) -> bool:
    """Return whether an experiment has arms that differ in the length of the first task or in its threshold."""
    stops = rows[["arm", LENGTH, "nc1_threshold"]].fillna(-1.0).drop_duplicates()
    by_arm = {frozenset(zip(part[LENGTH], part["nc1_threshold"], strict=True)) for _, part in stops.groupby("arm")}
    return len(by_arm) > 1


def runs_of(rows: pd.DataFrame, metrics: list[str], outcomes: list[str]) -> Runs:
    """Return the runs of one experiment.

    Args:
        rows: The experiment's rows of the permuted table, in any order.
        metrics: Columns to read from the first task's rows.
        outcomes: Columns to read from the rows of every task.

    Raises:
        PlasticityError: If two rows share arm, seed and task.
    """
    grid = grid_of(rows, ("arm", "seed", "task"))
    _, seeds, tasks = grid.levels
    first = {name: _first_task(grid.numbers(name), tasks) for name in {*metrics, LENGTH}}
    later = {name: grid.numbers(name).T for name in outcomes}
    length = np.fmax.reduce(grid.numbers(LENGTH), axis=2).T
    unreached = np.any(grid.flags("threshold_reached", value=False), axis=2, keepdims=True)[..., 0].T
    diverged = grid.flags("diverged")
    gone = _first_task(diverged, tasks)
    return Runs(
        str(rows["experiment"].iloc[0]),
        tasks,
        seeds,
        lengths=np.where(np.isfinite(length), length, 1.0),
        first=first,
        later=later,
        present=grid.present.T,
        diverged=diverged.T | (gone == 1),
        unreached=unreached,
        twins=_twins(np.stack([length, *(first[name] for name in metrics)]), list(later.values()), unreached),
    )


def within(points: Points) -> Points:
    """Return points (T, S, A) less the mean of their seed, with a covariate less its mean as well.

    The coefficient over all of them is the partial correlation given the seed: the fit has one level per seed. A seed
    with a single run says nothing about it and is left out. Ranks of the deviations make Spearman's ρ.
    """
    mask = points.mask & (points.mask.sum(axis=-1, keepdims=True) > 1)
    x, y = (_deviations(values, mask) for values in (points.x, points.y))
    basis = np.broadcast_to(points.basis, (*mask.shape, points.basis.shape[-1]))
    terms = [mask.astype(np.float64), *(_deviations(basis[..., j], mask) for j in range(1, basis.shape[-1]))]
    levels = np.maximum(mask.any(axis=-1).sum(axis=-1) - 1, 0)
    return Points(points.method, x, y, mask, np.stack(terms, axis=-1), absorbed=levels)


def _first_task(values: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    """Return the values (A, S, T) of task 1 as (S, A), NaN if no run has it."""
    chosen = values[:, :, tasks == 1].astype(np.float64)
    return chosen[..., 0].T if chosen.shape[2] else np.full(values.shape[1::-1], np.nan)


def _twins(told_apart: np.ndarray, later: list[np.ndarray], unreached: np.ndarray) -> np.ndarray:
    """Return which runs (S, A) repeat a run of their seed in an earlier arm.

    Args:
        told_apart: What tells runs apart at the first task, (F, S, A), its length first.
        later: Outcomes of all tasks, each (T, S, A); a run may have fewer tasks than its twin.
        unreached: Runs (S, A) that are no candidates.
    """
    one, other = told_apart[..., :, None], told_apart[..., None, :]
    same = ((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=0) & np.isfinite(one[0])
    for values in later:
        one, other = values[..., :, None], values[..., None, :]
        same &= ((one == other) | np.isnan(one) | np.isnan(other)).all(axis=0)
    earlier = np.tri(told_apart.shape[2], k=-1, dtype=bool) & ~unreached[:, None, :]
    return (same & earlier).any(axis=2) & ~unreached


def _deviations(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return values (T, S, A) less the mean of their seed, as shares of the largest, zero outside the mask."""
    kept = np.where(mask, values, 0.0)
    largest = np.abs(kept).max(axis=(1, 2), keepdims=True, initial=0.0)
    kept = np.divide(kept, largest, out=np.zeros_like(kept), where=largest > 0)
    mean = kept.sum(axis=2, keepdims=True) / np.maximum(mask.sum(axis=2, keepdims=True), 1)
    return np.round(np.where(mask, kept - mean, 0.0), _DIGITS)
