"""Stage: measure collapse and what else a network has left, at every checkpoint that fine-tuning starts from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from plasticity.config.slices import MeasureCollapseSettings
from plasticity.data.image_tensors import ImageTensors, test_tensors, train_tensors
from plasticity.data.store import open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, place, prepare_device
from plasticity.jobs.logs import logger
from plasticity.metrics.measure_network import nc1_in_train_mode, network_metrics
from plasticity.metrics.own_metric import OwnMetric, own_metrics
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.draw_split import read_split
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.subject import Ground
from plasticity.storage.checkpoints import all_finite, by_seed, read_checkpoint
from plasticity.storage.manifests import checkpoints_beside
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import write_table
from plasticity.storage.weights import load_weights
from plasticity.tasks.halves import Split
from plasticity.training.epoch import accuracy


@dataclass(frozen=True)
class MeasureFiles:
    """Where a job reads and writes; `checkpoints` are by seed and warm-up epoch, `splits` by seed."""

    checkpoints: Mapping[tuple[int, int], Path]
    data: Path
    splits: Mapping[int, Path]
    output: Path


@dataclass(frozen=True)
class MeasuredImages:
    """The images that a seed's checkpoints are measured on.

    Attributes:
        train: All training images.
        test: Test images.
        warm_up: Rows of the warm-up half in `train`.
        others: Rows of the full set that are not in it.
    """

    train: ImageTensors
    test: ImageTensors
    warm_up: torch.Tensor
    others: torch.Tensor

    @property
    def all(self) -> torch.Tensor:
        """Rows of the full set, on which fine-tuning starts."""
        return torch.cat([self.warm_up, self.others])


def run(job: Job) -> None:
    """Measure the checkpoints of the job's seeds."""
    files = MeasureFiles(
        checkpoints=checkpoints_beside(job.input["manifest"], job.params["starts"]),
        data=job.input["data"],
        splits=job.by_seed("splits"),
        output=job.output["collapse"],
    )
    measure(files, settings=job.slice(MeasureCollapseSettings), threads=job.threads)


def tell_costs(job: Job) -> None:
    """Log what measuring a checkpoint will cost, and refuse networks that cannot be measured, before a warm-up."""
    settings = job.slice(MeasureCollapseSettings, "measured")
    measures = Measures(settings.measure, settings.training)
    if not measures:
        return
    (seed, path), *_ = job.by_seed("splits").items()
    device, store = prepare_device(job.threads), open_store(job.input["data"])
    draw = partial(build_model, settings.model, store.image_shape, store.num_classes)
    model, (warm_up, _) = draw(torch_generator(0, "init")), _halves(read_split(path, store), device)
    place(model, device)
    measures.begin(model, Ground(train_tensors(store, device), warm_up, seed, draw), starts=True)


def measure(files: MeasureFiles, *, settings: MeasureCollapseSettings, threads: int) -> None:
    """Write one row of metrics per checkpoint; those of all seeds share one process and one resident data set.

    The landscape is measured on the warm-up half and, as that of the next task's start, on the full set.

    Args:
        files: Checkpoints, prepared data, splits, and the "collapse" table to write.
        settings: The network, the test images, what is measured.
        threads: CPU threads.
    """
    device, own = prepare_device(threads), own_metrics(settings.measure.metrics or ())
    measures = Measures(settings.measure, settings.training)
    store = open_store(files.data)
    train, test = train_tensors(store, device), test_tensors(store, device, settings.test_size)
    draw = partial(build_model, settings.model, store.image_shape, store.num_classes)
    model = draw(torch_generator(0, "init"))
    place(model, device)  # its weights are those of one checkpoint after another
    rows = []
    for seed, checkpoints in by_seed(files.checkpoints).items():
        images = MeasuredImages(train, test, *_halves(read_split(files.splits[seed], store), device))
        half, full = (Ground(train, places, seed, draw) for places in (images.warm_up, images.all))
        if not rows:
            measures.begin(model, half, starts=True)
        for number, (epoch, path) in enumerate(checkpoints.items()):
            row = _measure_one(model, path, images, settings, seed, own)
            if not row["diverged"]:
                row |= measures.row(model, half, number) | measures.row(model, full, number, start=True)
            rows.append({"seed": seed, "warm_up_epoch": epoch, **row})
            logger.info("measured %s, seed %d, epoch %d: NC1 %.4g", settings.start, seed, epoch, row["nc1"])
    table = find_table("collapse").with_columns(each.column for each in own)
    table = table.with_columns(landscape_columns(settings.measure, starts=True))
    frame = pd.DataFrame(rows, columns=table.names).assign(arm=settings.start)
    write_table(frame, files.output, table, provenance(settings.plain(), describe_device(device)))


def _halves(split: Split, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows of the warm-up half, and those of the rest of the full set."""
    half = len(split.warm_up_indices)
    parts = (split.full_indices[:half], split.full_indices[half:])
    return torch.from_numpy(parts[0].copy()).to(device), torch.from_numpy(parts[1].copy()).to(device)


def _measure_one(
    model: Classifier,
    path: Path,
    images: MeasuredImages,
    settings: MeasureCollapseSettings,
    seed: int,
    own: Sequence[OwnMetric],
) -> dict[str, Any]:
    checkpoint = read_checkpoint(path)
    if not all_finite(checkpoint.weights):
        return _missing_row(own)
    load_weights(model, checkpoint.weights)
    probe_images = settings.measure.probe_images
    row: dict[str, Any] = network_metrics(model, images.train, images.warm_up, probe_images=probe_images, own=own)
    if math.isnan(row["nc4"]):  # features overflow although the weights are still finite
        return _missing_row(own)
    others = accuracy(model, images.train, images.others) if len(images.others) else float("nan")
    row["warm_up_test_accuracy"] = accuracy(model, images.test)
    row["full_train_accuracy_before"] = _weighted(row["warm_up_train_accuracy"], others, images)
    row["nc1_train_mode"] = float("nan")
    if settings.measure.train_mode_nc1:
        row["nc1_train_mode"] = _train_mode_nc1(model, images, settings, seed)
    return {**row, "diverged": False}


def _train_mode_nc1(model: Classifier, images: MeasuredImages, settings: MeasureCollapseSettings, seed: int) -> float:
    generator = torch_generator(seed, "measure/train_mode")
    order = torch.randperm(len(images.warm_up), generator=generator).to(images.warm_up.device)
    return nc1_in_train_mode(model, images.train, images.warm_up[order], batch_size=settings.batch_size)


def _weighted(warm_up: float, others: float, images: MeasuredImages) -> float:
    n, m = len(images.warm_up), len(images.others)
    return warm_up if m == 0 else (n * warm_up + m * others) / (n + m)


def _missing_row(own: Sequence[OwnMetric]) -> dict[str, Any]:
    """Return the row of a network whose weights or features are not finite: no number, and `diverged`."""
    numbers = [*find_table("collapse").of_kind("float", "int"), *(each.column.name for each in own)]
    keys = ("seed", "warm_up_epoch")
    return {name: None for name in numbers if name not in keys} | {"nc1": float("nan"), "diverged": True}
