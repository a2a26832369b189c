"""Stage: train and test variances of every hidden layer at every checkpoint of the train-test study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray

from plasticity.config.slices import MeasureVariancesSettings
from plasticity.data.image_tensors import ImageTensors, test_tensors, train_tensors
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, place, prepare_device
from plasticity.jobs.logs import logger
from plasticity.metrics.layers import TrainTestPass, centres_of, layer_pass, layer_rows, vector_layers
from plasticity.metrics.variances import Centres, Clustering
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import derive_seed, torch_generator
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.subject import Ground
from plasticity.stages.next_network import next_network
from plasticity.stages.task_stores import first_task, next_task, supply_of
from plasticity.storage.checkpoints import all_finite, iterations_in, read_checkpoint, seed_folder
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import write_table
from plasticity.storage.weights import load_weights
from plasticity.tasks.super_classes import Parts, draw_parts

Row = dict[str, Any]


@dataclass(frozen=True)
class MeasureFiles:
    """Where the stage reads and writes."""

    data: Path
    trajectory: Path
    output: Path


@dataclass(frozen=True)
class Start:
    """The start of a seed's next task.

    Attributes:
        ground: The landscape around it is measured on the training images of that task.
        network: From a checkpoint's weights to the network that begins it.
    """

    ground: Ground
    network: Callable[[Mapping[str, NDArray]], Classifier]


@dataclass(frozen=True)
class Measured:
    """The network and the resident data of one seed, through which all its checkpoints go.

    `next` is absent without a next task, and where nothing is measured at its start.
    """

    model: Classifier
    train: ImageTensors
    test: ImageTensors
    num_classes: int
    clustering: Clustering
    ground: Ground
    next: Start | None

    def around(self, measures: Measures, path: Path, number: int) -> Row:
        """Return what is measured of the landscape around the checkpoint that the network has, and at its next task."""
        row: Row = dict(measures.row(self.model, self.ground, number))
        if self.next is not None and measures.due(number):
            network = self.next.network(read_checkpoint(path).weights)
            place(network, self.train.labels.device)
            row |= measures.row(network, self.next.ground, number, start=True)
        return row

    def passes(self, path: Path) -> TrainTestPass | None:
        """Return the passes of a checkpoint over training and test images, None if anything is not finite."""
        checkpoint = read_checkpoint(path)
        if not all_finite(checkpoint.weights):
            return None
        load_weights(self.model, checkpoint.weights)
        found = TrainTestPass(layer_pass(self.model, self.train), layer_pass(self.model, self.test))
        return found if found.finite else None

    def rows(self, path: Path, frozen: Sequence[Centres] | None) -> list[Row]:
        """Return the rows of a checkpoint, one per hidden layer; without numbers if it diverged, or if the last did."""
        found = self.passes(path)
        if found is None or frozen is None:
            layers = len(vector_layers(self.model, self.train))
            missing = dict.fromkeys(find_table("variances").of_kind("float"), float("nan")) | {"diverged": True}
            return [{"layer": place + 1, "last_layer": place + 1 == layers, **missing} for place in range(layers)]
        same = {"train_accuracy": found.train.accuracy, "test_accuracy": found.test.accuracy, "diverged": False}
        return [row | same for row in layer_rows(found, frozen, self.num_classes, self.clustering)]


def run(job: Job) -> None:
    """Measure the checkpoints of the job's seeds."""
    files = MeasureFiles(data=job.input["data"], trajectory=job.input["trajectory"], output=job.output["variances"])
    measure_variances(files, settings=job.slice(MeasureVariancesSettings), seeds=job.seeds, threads=job.threads)


def tell_costs(job: Job) -> None:
    """Log what measuring a checkpoint will cost, and refuse networks that cannot be measured, before a training."""
    settings = job.slice(MeasureVariancesSettings, "measured")
    if measures := Measures(settings.measure, settings.training):
        measured = _load(open_store(job.input["data"]), settings, job.seeds[0], prepare_device(job.threads))
        measures.begin(measured.model, measured.ground, starts=measured.next is not None)


def measure_variances(
    files: MeasureFiles, *, settings: MeasureVariancesSettings, seeds: Sequence[int], threads: int
) -> None:
    """Write one row per seed, checkpoint and hidden layer.

    Class means and k-means centres are those of the seed's last checkpoint, which is therefore looked at first and
    once more than the others. With a next task, the landscape is also measured at its start, around the checkpoint's
    body with the fresh head that it gets there.

    Args:
        files: Prepared data, trajectories, and the "variances" table to write.
        settings: The network, its images, how they are measured.
        seeds: Seeds of the job.
        threads: CPU threads.
    """
    device = prepare_device(threads)
    store, measures = open_store(files.data), Measures(settings.measure, settings.training)
    rows: list[Row] = []
    for seed in seeds:
        measured = _load(store, settings, seed, device)
        sizes = {"train_size": len(measured.train), "test_size": len(measured.test)}
        checkpoints = iterations_in(files.trajectory / seed_folder(seed))
        last = measured.passes(list(checkpoints.values())[-1])
        frozen = None if last is None else centres_of(last, measured.num_classes, measured.clustering)
        if not rows:
            measures.begin(measured.model, measured.ground, starts=measured.next is not None)
        for number, (iteration, path) in enumerate(checkpoints.items()):
            found = measured.rows(path, frozen)
            around = {} if found[-1]["diverged"] else measured.around(measures, path, number)
            rows += [{"seed": seed, "iteration": iteration, **sizes, **row, **around} for row in found]
            variance = found[-1]["train_variance"]
            logger.info("%s, seed %d, iteration %d: variance %.4g", settings.arm, seed, iteration, variance)
    starts = settings.parts.next_task is not None
    table = find_table("variances").with_columns(landscape_columns(settings.measure, starts=starts))
    frame = pd.DataFrame(rows, columns=table.names).assign(experiment=settings.experiment, arm=settings.arm)
    write_table(frame, files.output, table, provenance(settings.plain(), describe_device(device)))


def _load(store: ImageStore, settings: MeasureVariancesSettings, seed: int, device: torch.device) -> Measured:
    parts = draw_parts(supply_of(store), settings.parts, seed=seed)
    task = first_task(store, parts, settings.parts.super_classes)
    draw = partial(build_model, settings.model, task.image_shape, task.num_classes)
    model, train = draw(torch_generator(seed, "init")), train_tensors(task, device)
    place(model, device)
    return Measured(
        model=model,
        train=train,
        test=test_tensors(task, device, None),
        num_classes=task.num_classes,
        clustering=Clustering(settings.measure.k_means_restarts, derive_seed(seed, "variances/k_means") % 2**32),
        ground=Ground(train, torch.arange(len(train), device=device), seed, draw),
        next=None if settings.parts.next_task is None else _start(store, parts, settings, seed, device),
    )


def _start(
    store: ImageStore, parts: Parts, settings: MeasureVariancesSettings, seed: int, device: torch.device
) -> Start:
    task = next_task(store, parts, settings.parts.super_classes or ())
    draw = partial(build_model, settings.model, task.image_shape, task.num_classes)
    train = train_tensors(task, device)
    ground = Ground(train, torch.arange(len(train), device=device), seed, draw)
    return Start(ground, partial(next_network, settings.model, task, seed))
