"""Where arms branch off a seed's first task, and which arms of a seed are the same run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plasticity.config.departure import Row, epoch_below
from plasticity.config.slices import Branch, Continuation, FirstTaskSettings
from plasticity.storage.files import digest_of


def checkpoint_name(seed: int, epoch: int) -> str:
    """Return the name of a checkpoint's file in a trajectory."""
    return f"seed{seed}_epoch{epoch:04d}.safetensors"


def epochs_to_keep(rows: Sequence[Row], settings: FirstTaskSettings) -> set[int]:
    """Return the epochs at which arms branch off, as far as the rows go."""
    crossed = (epoch_below(rows, threshold, settings.max_epochs) for threshold in settings.thresholds)
    return {*settings.epochs, *(epoch for epoch in crossed if epoch is not None)}


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
        epoch = arm.epoch_of(rows)
        if epoch is None or epoch > max((row["epoch"] for row in rows if not row["diverged"]), default=0):
            continue
        settings = arm.continuation
        same = digest_of([arm.first_task, epoch, settings.plain()])
        run = found.setdefault(same, Run({}, seed, arm.first_task, epoch, settings))
        run.arms[arm.name] = arm.tasks
    return list(found.values())
