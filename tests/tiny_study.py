"""The smallest real study: 200 digits, half of them for the warm-up, and networks that train in a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plasticity.config.slices import FineTuneSettings, MeasureCollapseSettings, WarmUpSettings
from plasticity.stages.fine_tune import FineTuneFiles, fine_tune
from plasticity.stages.measure_collapse import MeasureFiles, measure
from plasticity.stages.warm_up import WarmUpFiles, warm_up
from plasticity.storage.checkpoints import Checkpoint, read_checkpoint, seed_folder, trajectory_name

Plain = dict[str, Any]

SEED = 7
FOLDER = seed_folder(SEED)
"""Where a trajectory has the checkpoints of the seed."""
RECORDS = f"records/seed{SEED}"
MLP: Plain = {"name": "mlp", "hidden": [16], "activation": "relu"}
RESNET: Plain = {"name": "resnet18_narrow", "width": 2, "max_pool": False}
TRAINING: Plain = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 32}


class Killed(BaseException):
    """What a signal does to a stage: it passes every `except Exception`."""


def warm_up_settings(
    *, model: Plain = MLP, epochs: tuple[int, ...] = (0, 1, 2, 3), precision: str = "exact", **training: Any
) -> WarmUpSettings:
    """Settings of a warm-up; `training` overrides the tiny study's."""
    given = {**TRAINING, "penalty": {"name": "none"}, **training}
    said = {"warm_up": "plain", "model": model, "training": given, "precision": precision, "epochs": epochs}
    return WarmUpSettings.of(said)


def fine_tune_settings(
    *,
    model: Plain = MLP,
    arm: str = "warm_start",
    precision: str = "exact",
    stop_accuracy: float = 0.99,
    max_epochs: int = 3,
    test_size: int = 60,
    **training: Any,
) -> FineTuneSettings:
    """Settings of a fine-tuning; `training` overrides the tiny study's."""
    ends = {"stop_accuracy": stop_accuracy, "max_epochs": max_epochs}
    said = {"arm": arm, "model": model, "training": {**TRAINING, **training}, **ends}
    return FineTuneSettings.of({**said, "precision": precision, "test_size": test_size})


def measure_settings(*, model: Plain = MLP, test_size: int | None = 60, **measured: Any) -> MeasureCollapseSettings:
    """Settings of the measuring stage; `measured` is what else the section `measure` says."""
    measure = {"train_mode_nc1": True, "probe_images": 50, **measured}
    said = {"start": "plain", "model": model, "test_size": test_size, "batch_size": 32, "measure": measure}
    return MeasureCollapseSettings.of(said)


@dataclass(frozen=True)
class TinyStudy:
    """A prepared data set and the split of one seed; the other seeds that tests ask for share it."""

    data: Path
    split: Path

    def warm_up(
        self,
        folder: Path,
        settings: WarmUpSettings | None = None,
        *,
        seeds: Sequence[int] = (SEED,),
        code: str = "code",
    ) -> WarmUpFiles:
        """Run the stage in `folder`; return its files."""
        outputs = folder / "trajectory", folder / "history.parquet"
        files = WarmUpFiles(self.data, *outputs, dict.fromkeys(seeds, self.split))
        warm_up(files, settings=settings or warm_up_settings(), threads=1, code=code)
        return files

    def fine_tune(
        self,
        folder: Path,
        checkpoints: Mapping[int, Path],
        settings: FineTuneSettings | None = None,
        *,
        seeds: Sequence[int] = (SEED,),
        name: str = "job",
        code: str = "code",
    ) -> FineTuneFiles:
        """Run a job whose records are kept in `folder`; return its files."""
        outputs = folder / f"{name}.parquet", folder / f"{name}.history.parquet"
        files = FineTuneFiles(*self._inputs(checkpoints, seeds), *outputs, folder / "records")
        fine_tune(files, settings=settings or fine_tune_settings(), threads=1, code=code)
        return files

    def measure(
        self,
        output: Path,
        checkpoints: Mapping[int, Path],
        settings: MeasureCollapseSettings | None = None,
        *,
        seeds: Sequence[int] = (SEED,),
    ) -> Path:
        """Run the stage; return the table it wrote."""
        files = MeasureFiles(*self._inputs(checkpoints, seeds), output)
        measure(files, settings=settings or measure_settings(), threads=1)
        return output

    def _inputs(
        self, checkpoints: Mapping[int, Path], seeds: Sequence[int]
    ) -> tuple[dict[tuple[int, int], Path], Path, dict[int, Path]]:
        """Return checkpoints by seed and epoch, the data, and splits by seed."""
        starts = {(seed, epoch): path for seed in seeds for epoch, path in checkpoints.items()}
        return starts, self.data, dict.fromkeys(seeds, self.split)


def checkpoints_of(trajectory: Path, *epochs: int) -> dict[int, Path]:
    """Return the files of some epochs of a trajectory."""
    return {epoch: trajectory / trajectory_name(epoch) for epoch in epochs}


def contents_of(trajectory: Path) -> dict[str, Checkpoint]:
    """Return the checkpoints of a folder by name, without their weights: the digest stands for every bit of them."""
    return {path.name: replace(read_checkpoint(path), weights={}) for path in trajectory.iterdir()}
