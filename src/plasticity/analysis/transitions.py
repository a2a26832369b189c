"""The state of a network at the start of its next task, and what it learns there: one row per transition.

In warm starting a transition is a checkpoint: its metrics were measured before fine-tuning, its outcome is the test
accuracy after it. In the permuted study the state after task τ goes with the online accuracy on task τ + 1, so that
what is to explain comes before what is explained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

METRICS = ("log_nc1", "nc2", "nc3", "nc4", "weight_norm", "effective_rank", "dead_units")
"""Collapse, NC1 as its natural logarithm, and three rivals that explain lost plasticity without it."""
EXPECTED = {"log_nc1": 1.0, "nc2": 1.0, "nc3": 1.0, "nc4": -1.0}
"""Sign of the correlation with accuracy if collapse hurts plasticity."""
_KEYS = ["arm", "seed", "length"]


@dataclass(frozen=True)
class Transitions:
    """Transitions of a window, and how many were left out.

    Attributes:
        rows: arm, seed, length (training behind the network, epochs or tasks), outcome, and the metrics.
        window_kind: The window's name.
        start: Its first epoch or task.
        end: Its last one.
        excluded: Transitions without a finite NC1 or outcome, diverged ones included.
        note: What else was left out; may be empty.
    """

    rows: pd.DataFrame
    window_kind: str
    start: int
    end: int
    excluded: int = 0
    note: str = ""

    def of(self, arms: Sequence[str], window_kind: str = "") -> "Transitions":
        """Return the transitions of some arms alone; what was left out is not counted again."""
        rows = self.rows.loc[self.rows["arm"].isin(list(arms))]
        return Transitions(rows, window_kind or self.window_kind, self.start, self.end)

    @property
    def labels(self) -> dict[str, Any]:
        """The columns that say where a row of the table comes from."""
        return {"window_kind": self.window_kind, "window_start": self.start, "window_end": self.end}


def of_warm_start(metrics: pd.DataFrame, window: tuple[str, int, int]) -> Transitions:
    """Return the transitions from the warm-up's checkpoints in a window to the full data; no baseline is among them.

    Args:
        metrics: The "metrics" table.
        window: Kind, first and last warm-up epoch.
    """
    kind, start, end = window
    inside = (metrics["warm_up_epoch"] > 0) & metrics["warm_up_epoch"].between(start, end)
    rows = metrics.loc[inside].assign(length=metrics["warm_up_epoch"], outcome=metrics["full_test_accuracy"])
    return _kept(rows, rows["diverged"].eq(True), (kind, start, end))


def of_permuted(metrics: pd.DataFrame, arms: Sequence[str], *, tasks: bool) -> Transitions:
    """Return the transitions from the first task to the second, or those between all tasks.

    Runs of a seed that left the first task at the same epoch are one run, and count once.

    Args:
        metrics: The "permuted" table.
        arms: Arms that train alike on the following tasks and whose state is not intervened on.
        tasks: All tasks, the length then being the task's number; else the first task alone, by its epochs.
    """
    rows = metrics.loc[metrics["arm"].isin(list(arms))].sort_values(["arm", "seed", "task"], ignore_index=True)
    following = rows[["arm", "seed", "task", "online_accuracy", "diverged"]]
    following = following.assign(task=following["task"] - 1).rename(columns={"diverged": "diverged_next"})
    rows = rows.drop(columns="online_accuracy").merge(following, on=["arm", "seed", "task"])
    rows = rows.assign(length=rows["task"] if tasks else rows["first_task_epochs"], outcome=rows["online_accuracy"])
    rows = rows if tasks else rows.loc[rows["task"] == 1]
    gone = rows["diverged"].eq(True) | rows["diverged_next"].eq(True)
    if tasks:
        return _kept(rows, gone, ("all", 2, int(rows["task"].max()) + 1 if len(rows) else 2))
    kept = _kept(rows, gone, ("second_task", 2, 2))
    again = kept.rows.duplicated(["seed", "length", *METRICS, "outcome"])
    note = f"counted once: {int(again.sum())} repeated" if again.any() else ""
    return Transitions(kept.rows, kept.window_kind, kept.start, kept.end, kept.excluded, note)


def distinct(transitions: Transitions) -> pd.DataFrame:
    """Return the rows without those that repeat a run of their seed in an earlier arm."""
    if transitions.window_kind not in {"second_task", "thresholds"}:
        return transitions.rows
    return transitions.rows.drop_duplicates(["seed", "length", *METRICS, "outcome"])


def paired(
    transitions: Transitions, control: str, arms: Mapping[str, Any] | Sequence[str], on: Sequence[str]
) -> pd.DataFrame:
    """Return arms beside the control at the same seed: outcome and ln NC1, `change` in each.

    Args:
        transitions: The window's transitions.
        control: The arm without the treatment.
        arms: Arms to compare; the control is left out.
        on: Columns that a pair shares: the seed, and the length where both have the same.

    Returns:
        arm, seed, length, `mediator_change` and `outcome_change`, arm minus control.
    """
    rows = transitions.rows.loc[:, [*_KEYS, "log_nc1", "outcome"]]
    base = rows.loc[rows["arm"] == control, [*on, "log_nc1", "outcome"]]
    treated = rows.loc[rows["arm"].isin([arm for arm in arms if arm != control])]
    both = treated.merge(base, on=list(on), suffixes=("", "_control"))
    return both.assign(
        mediator_change=both["log_nc1"] - both["log_nc1_control"],
        outcome_change=both["outcome"] - both["outcome_control"],
    )


def _kept(rows: pd.DataFrame, gone: pd.Series, window: tuple[str, int, int]) -> Transitions:
    """Keep what has a finite NC1 and outcome; other metrics may be undefined, as dead units are without ReLU."""
    positive = rows["nc1"].where(rows["nc1"] > 0)
    rows = rows.assign(log_nc1=np.log(positive.astype(float)))
    finite = np.isfinite(rows[["log_nc1", "outcome", "length"]].to_numpy(dtype=float)).all(axis=1)
    kept = rows.loc[finite & ~gone.to_numpy(dtype=bool), [*_KEYS, "outcome", *METRICS]]
    return Transitions(kept.reset_index(drop=True), *window, excluded=len(rows) - len(kept))
