"""Where arms branch off a seed's first task, and which arms of a seed are the same run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from plasticity.config.slices import Branch, Continuation, Departure, FirstTaskSettings
from plasticity.storage.files import digest_of

Row = Mapping[str, Any]


def checkpoint_name(seed: int, epoch: int) -> str:
    """Return the name of a checkpoint's file in a trajectory."""
    return f"seed{seed}_epoch{epoch:04d}.safetensors"


def rows_of(history: pd.DataFrame, seed: int) -> list[Row]:
    """Return a seed's rows of a "first_task" table, in the order of their epochs."""
    rows = history.loc[history["seed"] == seed].sort_values("epoch")
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def epoch_below(rows: Sequence[Row], threshold: float, max_epochs: int) -> int | None:
    """Return the first epoch after which NC1 is below the threshold; None if there is none up to `max_epochs`.

    Args:
        rows: A seed's epochs on the first task in their order, with `epoch` and `nc1`.
        threshold: Of NC1.
        max_epochs: Last epoch that counts.
    """
    found = (row["epoch"] for row in rows if row["epoch"] <= max_epochs and row["nc1"] is not None)
    by_epoch = {row["epoch"]: row["nc1"] for row in rows}
    return next((int(epoch) for epoch in found if by_epoch[epoch] < threshold), None)


def epochs_to_keep(rows: Sequence[Row], settings: FirstTaskSettings) -> set[int]:
    """Return the epochs at which arms branch off, as far as the rows go."""
    crossed = (epoch_below(rows, threshold, settings.max_epochs) for threshold in settings.thresholds)
    return {*settings.epochs, *(epoch for epoch in crossed if epoch is not None)}


def branch_epoch(arm: Departure, rows: Sequence[Row]) -> int | None:
    """Return the epoch at which an arm leaves the first task; None if its threshold was not reached.

    Args:
        arm: The arm.
        rows: The seed's epochs on the first task.
    """
    if arm.nc1_below is None or arm.max_epochs is None:
        return arm.epochs
    return epoch_below(rows, arm.nc1_below, arm.max_epochs)


@dataclass(frozen=True)
class Run:
    """One network going through the tasks after the first; several arms of a seed may be this one run.

    Attributes:
        arms: Names of the arms, with the number of following tasks that each looks at.
        seed: The run's seed.
        first_task: Name of the training of its first task.
        epoch: Epochs on the first task.
        settings: How it goes on.
    """

    arms: dict[str, int]
    seed: int
    first_task: str
    epoch: int
    settings: Continuation

    @property
    def tasks(self) -> int:
        """Following tasks of the arm that looks furthest."""
        return max(self.arms.values())


def runs_of(arms: Sequence[Branch], seed: int, histories: Mapping[str, Sequence[Row]]) -> list[Run]:
    """Return the runs that a seed's arms need; arms that leave the first task at one epoch and go on alike share one.

    An arm whose threshold was not reached, or whose first task diverged before, needs none.

    Args:
        arms: Those of an experiment.
        seed: The seed.
        histories: Its epochs on the first task, by the name of the training.
    """
    found: dict[str, Run] = {}
    for arm in arms:
        rows = histories[arm.first_task]
        epoch = branch_epoch(arm, rows)
        if epoch is None or epoch > max((row["epoch"] for row in rows if not row["diverged"]), default=0):
            continue
        settings = arm.continuation
        same = digest_of([arm.first_task, epoch, settings.plain()])
        run = found.setdefault(same, Run({}, seed, arm.first_task, epoch, settings))
        run.arms[arm.name] = arm.tasks
    return list(found.values())
