"""Checkpoints of a training in progress, kept beside its unfinished state until the training is complete."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plasticity.checkpoints import write_checkpoint
from plasticity.files import move_folder
from plasticity.training.run import TrainingRun
from plasticity.training.weights import weights_of


@dataclass
class Keeper:
    """Writes the weights of a training at the epochs or iterations that are asked for.

    Attributes:
        run: The training.
        folder: Where the checkpoints wait.
        header: Settings that every checkpoint says of itself.
        unit: Key of the header that holds the checkpoint's number, such as "warm_up_epoch".
        wanted: Numbers of the checkpoints.
        name: From number to the name of the file.
    """

    run: TrainingRun
    folder: Path
    header: dict[str, Any]
    unit: str
    wanted: Collection[int]
    name: Callable[[int], str]

    def __call__(self, number: int) -> None:
        """Keep the weights if `number` is that of a checkpoint."""
        if number in self.wanted:
            self.keep(number)

    def keep(self, number: int) -> None:
        """Keep the weights."""
        header = {**self.header, self.unit: number, "diverged": self.run.diverged}
        write_checkpoint(self.folder / self.name(number), weights_of(self.run.model), header)

    def all_after(self, number: int) -> None:
        """Keep the weights as every checkpoint with a greater number, of a training that ended before it."""
        for later in self.wanted:
            if later > number:
                self.keep(later)

    def finish(self, trajectory: Path) -> None:
        """Move the checkpoints to where the next stage expects them."""
        move_folder(self.folder, trajectory)
