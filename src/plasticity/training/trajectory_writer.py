"""Checkpoints of a training in progress, kept beside its unfinished state until the training is complete."""

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plasticity.jobs.unfinished import Unfinished
from plasticity.storage.checkpoints import list_checkpoints, write_checkpoint
from plasticity.storage.files import move_folder
from plasticity.storage.weights import weights_of
from plasticity.training.resume import ResumeFile
from plasticity.training.run import TrainingRun


@dataclass
class TrajectoryWriter:
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

    def resume_or_begin(self, resume: ResumeFile) -> None:
        """Let the training continue from its saved state; without one, remove what others left and keep number 0."""
        if not self.run.restore(resume):
            shutil.rmtree(self.folder, ignore_errors=True)
            self(0)

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


def hand_over(unfinished: Path, trajectory: Path, trainings: Mapping[str, Unfinished]) -> None:
    """Move the checkpoints of finished trainings to where the next stage expects them, and remove the saved states.

    Args:
        unfinished: Folder of the job's unfinished work, with the checkpoints in a folder of the trajectory's name.
        trajectory: Where they go.
        trainings: Folder of each training in the trajectory -> its saved state. Other folders are of trainings that the
            job had when it was killed and has no more; they are removed.
    """
    folder = unfinished / trajectory.name
    for left in folder.iterdir():
        if left.is_dir() and left.name not in trainings:
            shutil.rmtree(left)
    list_checkpoints(folder)
    for work in trainings.values():
        work.path.unlink(missing_ok=True)  # first: a state without its checkpoints could not be continued
    move_folder(folder, trajectory)
    shutil.rmtree(unfinished)
