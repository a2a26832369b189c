"""The smallest real permuted study: 60 digits per task, and a network that learns one in a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.config.slices import Branch, FirstTaskSettings, FollowingSettings
from plasticity.stages.first_task import first_task
from plasticity.stages.following_tasks import FollowingFiles, following_tasks
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.tables import read_table
from tiny_study import MLP

Plain = Mapping[str, Any]

SEEDS = (1, 2)
TRAINING: dict[str, Any] = {"learning_rate": 0.05, "weight_decay": 0.0, "batch_size": 1, "penalty": {"name": "none"}}
SHRINK: dict[str, Any] = {"name": "shrink_perturb", "shrink": 0.5, "perturb": 0.1, "batch_norm": "keep"}
RESET: dict[str, Any] = {"name": "shrink_perturb", "shrink": 0.0, "perturb": 1.0, "batch_norm": "fresh"}
SHARED: dict[str, Any] = {
    **{"model": MLP, "train_size": 60, "tasks": {"name": "permuted_pixels"}},
    "measure": {"probe_images": 50},
}


def first_settings(
    *,
    epochs: Sequence[int] = (1, 3),
    thresholds: Sequence[float] = (),
    max_epochs: int = 0,
    name: str = "plain",
    shared: Plain | None = None,
    **training: Any,
) -> FirstTaskSettings:
    """Settings of a first task; `training` and `shared` override the tiny study's."""
    lengths = {"epochs": list(epochs), "thresholds": list(thresholds), "max_epochs": max_epochs}
    said = {**SHARED, **(shared or {}), "training": name, "first_task": {**TRAINING, **training}, **lengths}
    return FirstTaskSettings.of(said)


def arm(name: str, *, tasks: int = 3, following: Plain | None = None, **changed: Any) -> Branch:
    """An arm that leaves the first task after one epoch and goes through further tasks as it is."""
    plain = {"name": name, "first_task": "plain", "epochs": 1, "nc1_below": None, "max_epochs": 6}
    after = {"intervention": None, "intervene_after": "first_task"}
    goes_on = {"following": {**TRAINING, "epochs": 1, **(following or {})}, "tasks": tasks}
    return Branch.of({**plain, **after, **goes_on, **changed})


def following_settings(*arms: Branch, shared: Plain | None = None) -> FollowingSettings:
    """Settings of an experiment."""
    said = {**SHARED, **(shared or {}), "experiment": "experiment", "arms": [each.plain() for each in arms]}
    return FollowingSettings.of(said)


def train_first(
    data: Path,
    folder: Path,
    settings: FirstTaskSettings | None = None,
    *,
    seeds: Sequence[int] = SEEDS,
    code: str = "code",
) -> TrainingFiles:
    """Run the stage in `folder`; return its files."""
    files = TrainingFiles(data, folder / "trajectory", folder / "history.parquet")
    first_task(files, settings=settings or first_settings(), seeds=seeds, threads=1, code=code)
    return files


@dataclass(frozen=True)
class Trained:
    """First tasks that are done, by the name of their training."""

    data: Path
    first_tasks: Mapping[str, TrainingFiles]

    def files(self, output: Path) -> FollowingFiles:
        """Where the next stage reads and writes."""
        done = self.first_tasks.items()
        trajectories = {name: files.trajectory for name, files in done}
        return FollowingFiles(self.data, trajectories, {name: files.history for name, files in done}, output)

    def follow(
        self, output: Path, settings: FollowingSettings, *, seeds: Sequence[int] = SEEDS, code: str = "code"
    ) -> pd.DataFrame:
        """Run the stage; return the table that it wrote."""
        following_tasks(self.files(output), settings=settings, seeds=seeds, threads=1, code=code)
        return read_table(output, "following_tasks")
