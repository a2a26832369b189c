"""The smallest real train-test study: 200 digits, even or odd, then 60 others, each digit by itself."""

from pathlib import Path
from typing import Any

from plasticity.config.slices import MeasureVariancesSettings, PreTrainSettings, TransferSettings
from plasticity.stages.measure_variances import MeasureFiles, measure_variances
from plasticity.stages.pre_train import pre_train
from plasticity.stages.training_files import TrainingFiles
from plasticity.stages.transfer import TransferFiles, transfer

Plain = dict[str, Any]

SEEDS = (3, 4)
MODEL: Plain = {"name": "mlp", "hidden": [24, 16], "activation": "relu"}
EVEN_ODD = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
PARTS: Plain = {"train_size": 200, "test_size": 60, "balanced": True, "super_classes": EVEN_ODD, "next_task": None}
NEXT: Plain = {"train_size": 60, "validation_size": 50, "test_size": 40}
TRAINING: Plain = {
    "iterations": 40,
    "learning_rate": 0.05,
    "annealing": "cosine",
    "momentum": 0.9,
    "weight_decay": 0.0,
    "batch_size": 32,
}
CHECKPOINTS = (0, 1, 10, 40)


def pre_train_settings(**training: Any) -> PreTrainSettings:
    named = {"study": "train_test_collapse", "dataset": "digits", "arm": "transfer"}
    same = {"model": MODEL, "parts": PARTS, "checkpoints": CHECKPOINTS}
    return PreTrainSettings.of({**named, **same, "training": {**TRAINING, **training}})


def measure_settings(**measured: Any) -> MeasureVariancesSettings:
    """Settings of the measuring stage; `measured` is what else the section `measure` says, also at the next task."""
    named, measure = {"experiment": "transfer", "arm": "transfer"}, {"k_means_restarts": 2, **measured}
    parts = {**PARTS, "next_task": NEXT} if measured else PARTS
    return MeasureVariancesSettings.of({**named, "model": MODEL, "parts": parts, "measure": measure})


def transfer_settings(**training: Any) -> TransferSettings:
    parts = {**PARTS, "next_task": NEXT}
    given = {**TRAINING, "iterations": 15, "learning_rate": 0.1, **training}
    named = {"experiment": "transfer", "arm": "transfer"}
    return TransferSettings.of({**named, "model": MODEL, "parts": parts, "training": given})


def train(
    data: Path, folder: Path, settings: PreTrainSettings | None = None, *, seeds: tuple[int, ...] = SEEDS
) -> TrainingFiles:
    """Run the stage of the first task in `folder`; return its files."""
    files = TrainingFiles(data, folder / "trajectory", folder / "history.parquet")
    pre_train(files, settings=settings or pre_train_settings(), seeds=seeds, threads=1, code="code")
    return files


def measure(data: Path, trajectory: Path, output: Path, **measured: Any) -> Path:
    """Run the measuring stage; return the table it wrote."""
    files = MeasureFiles(data, trajectory, output)
    measure_variances(files, settings=measure_settings(**measured), seeds=SEEDS, threads=1)
    return output


def go_on(data: Path, trajectory: Path, folder: Path, settings: TransferSettings | None = None) -> TransferFiles:
    """Run the stage of the next task in `folder`; return its files."""
    files = TransferFiles(data, trajectory, folder / "rate.parquet", folder / "rate")
    transfer(files, settings=settings or transfer_settings(), seeds=SEEDS, threads=1, code="code")
    return files
