"""Files of a stage that trains the networks of some seeds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from plasticity.jobs.adapter import Job


@dataclass(frozen=True)
class TrainingFiles:
    """Where the stage reads and writes; the trajectory is a folder with the checkpoints of every seed."""

    data: Path
    trajectory: Path
    history: Path

    @property
    def unfinished(self) -> Path:
        """Folder of unfinished trainings, beside the trajectory."""
        return self.trajectory.with_name(f".{self.trajectory.name}.unfinished")

    @classmethod
    def of(cls, job: Job, **more: Any) -> Self:
        """Return the files of a job, and what a stage reads besides."""
        outputs = {name: job.output[name] for name in ("trajectory", "history")}
        return cls(data=job.input["data"], **outputs, **more)
