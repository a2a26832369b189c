"""Stage: measure collapse, what a network has left, and the landscape around it, at every checkpoint of agents."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from plasticity.config.agent_section import QLearning
from plasticity.config.agent_slices import MeasureAgentsSettings
from plasticity.data.image_tensors import ImageTensors, train_tensors
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, place, prepare_device
from plasticity.jobs.logs import logger
from plasticity.metrics.declared.capacity import effective_rank
from plasticity.metrics.evaluate import asked_by, declared_functions
from plasticity.metrics.measure_network import network_metrics
from plasticity.metrics.own_metric import OwnMetric, own_metrics
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.agent_processes import processes_of
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.subject import Ground
from plasticity.storage.checkpoints import all_finite, iterations_in, read_checkpoint, seed_folder
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import write_table
from plasticity.storage.weights import load_weights
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.q_values import QValues
from plasticity.training.weight_matrices import weight_matrices

_BATCH = 500
_OF_HEAD = {"weights", "predictions"}
"""What metrics take that read the head as a classifier's, an output per class."""


@dataclass(frozen=True)
class MeasureFiles:
    """Where a job reads and writes."""

    data: Path
    trajectory: Path
    output: Path


def run(job: Job) -> None:
    """Measure the checkpoints of the job's agents."""
    files = MeasureFiles(job.input["data"], job.input["trajectory"], job.output["checkpoints"])
    measure_agents(files, settings=job.slice(MeasureAgentsSettings), seeds=job.seeds, threads=job.threads)


def tell_costs(job: Job) -> None:
    """Log what measuring a checkpoint will cost, and refuse networks that cannot be measured, before a training."""
    settings = job.slice(MeasureAgentsSettings, "measured")
    measures = Measures(settings.measure, settings.training)
    if not measures:
        return
    device, store = prepare_device(job.threads), open_store(job.input["data"])
    (process,) = processes_of(store, settings.environment, settings.train_size, job.seeds[:1])
    images, chosen = _seen(train_tensors(store, device), process)
    draw = _drawing(settings, store)
    model = draw(torch_generator(0, "init"))
    place(model, device)
    measures.begin(model, Ground(images, chosen, job.seeds[0], draw, regression=True))


def measure_agents(files: MeasureFiles, *, settings: MeasureAgentsSettings, seeds: Sequence[int], threads: int) -> None:
    """Write one row per agent and checkpoint.

    The classes of neural collapse are the right actions of the images, which are the images' own classes but with
    random labels. The landscape is that of a squared error, as outputs are values and no logits.

    Args:
        files: Prepared data, checkpoints, and the "agent_checkpoints" table to write.
        settings: Environment, network, and what is measured.
        seeds: Seeds of this job.
        threads: CPU threads.
    """
    device, own = prepare_device(threads), own_metrics(settings.measure.metrics or ())
    measures = Measures(settings.measure, settings.training)
    store = open_store(files.data)
    draw = _drawing(settings, store)
    model = draw(torch_generator(0, "init"))
    place(model, device)  # its weights are those of one checkpoint after another
    values = QValues(model, store.num_classes, QLearning(two_hot=settings.two_hot))
    train = train_tensors(store, device)
    rows: list[dict[str, Any]] = []
    size = sum(parameter.numel() for parameter in model.parameters())
    processes = processes_of(store, settings.environment, settings.train_size, seeds)
    for seed, process in zip(seeds, processes, strict=True):
        images, chosen = _seen(train, process)
        classes = train.labels[train.at_hand(chosen)]  # which prepared images may be sorted by
        ground = Ground(images, chosen, seed, draw, regression=True)
        if not rows:
            measures.begin(model, ground)
        for number, (step, path) in enumerate(iterations_in(files.trajectory / seed_folder(seed)).items()):
            row = _measure_one(MeasuredAgent(model, values, images, chosen, classes), path, settings, own)
            if not row["diverged"]:
                row |= measures.row(model, ground, number)
            rows.append({"seed": seed, "step": step, **row, "parameters": size})
            logger.info("measured %s, seed %d, step %d: NC1 %.4g", settings.arm, seed, step, row["nc1"])
    table = find_table("agent_checkpoints").with_columns(each.column for each in own)
    table = table.with_columns(landscape_columns(settings.measure))
    named = {key: getattr(settings, key) for key in ("experiment", "arm", "environment")}
    frame = pd.DataFrame(rows, columns=table.names).assign(**named)
    write_table(frame, files.output, table, provenance(settings.plain(), describe_device(device)))


def _drawing(settings: MeasureAgentsSettings, store: ImageStore) -> Callable[[torch.Generator], Classifier]:
    """Return what draws a network like those of the checkpoints."""
    outputs = QValues.outputs(store.num_classes, QLearning(two_hot=settings.two_hot))
    return partial(build_model, settings.model, store.image_shape, outputs)


def _seen(train: ImageTensors, process: BlockMdp) -> tuple[ImageTensors, Tensor]:
    """Return the images with the right actions as their classes, and the rows that the agent sees."""
    images = replace(train, labels=torch.from_numpy(process.right).to(train.labels.device))
    return images, torch.from_numpy(np.flatnonzero(process.labels >= 0)).to(train.device)


@dataclass(frozen=True)
class MeasuredAgent:
    """A network, what its outputs stand for, and the images of one seed's agent by their rows and own classes."""

    model: Classifier
    values: QValues
    images: ImageTensors
    rows: Tensor
    classes: Tensor


def _measure_one(
    subject: MeasuredAgent, path: Path, settings: MeasureAgentsSettings, own: Sequence[OwnMetric]
) -> dict[str, Any]:
    checkpoint = read_checkpoint(path)
    if not all_finite(checkpoint.weights):
        return _missing_row(own)
    load_weights(subject.model, checkpoint.weights)
    probe_images = settings.measure.probe_images
    options = {"probe_images": probe_images, "own": own, "classes": subject.classes}
    row: dict[str, Any] = network_metrics(subject.model, subject.images, subject.rows, **options)
    if math.isnan(row["nc1"]) and math.isnan(row["effective_rank"]):  # features overflow, weights do not
        return _missing_row(own)
    del row["warm_up_train_accuracy"]
    if settings.two_hot is not None:
        functions = declared_functions() | {each.column.name: each.function for each in own}
        row |= {name: None for name in functions if _reads_head(name, functions)}
    more = {"weight_rank": mean_weight_rank(subject.model), "greedy_accuracy": _greedy_accuracy(subject)}
    return {**row, **more, "diverged": False}


def mean_weight_rank(model: Classifier) -> float:
    """Return the effective rank of the weights of a hidden layer, the mean of the layers.

    Lyle et al. (2023) do not say which rank of which weights their Figure 3 shows; of a network that is its head alone
    there is none.
    """
    matrices = weight_matrices(dict(model.named_parameters()), head=False).values()
    ranks = [effective_rank(torch.linalg.svdvals(matrix.detach().double())) for matrix in matrices]
    return sum(ranks) / len(ranks) if ranks else math.nan


@torch.inference_mode()
def _greedy_accuracy(subject: MeasuredAgent) -> float:
    """Return the share of images for which the action of the largest value is the right one."""
    weights = dict(subject.model.named_parameters())
    right = torch.zeros((), dtype=torch.int64, device=subject.images.device)
    for images, labels in subject.images.batches(subject.rows, _BATCH):
        right += (subject.values.values(weights, images).argmax(1) == labels).sum()
    return int(right) / len(subject.rows)


def _reads_head(name: str, functions: Mapping[str, Callable[..., Any]]) -> bool:
    """Say whether a metric, or one that it is computed from, takes the head for a classifier's."""
    asked = asked_by(functions[name])
    return any(each in _OF_HEAD or (each in functions and _reads_head(each, functions)) for each in asked)


def _missing_row(own: Sequence[OwnMetric]) -> dict[str, Any]:
    """Return the row of a network whose weights or features are not finite: no number, and `diverged`."""
    numbers = [*find_table("agent_checkpoints").of_kind("float", "int"), *(each.column.name for each in own)]
    return {name: None for name in numbers if name not in ("seed", "step", "parameters")} | {
        "nc1": float("nan"),
        "diverged": True,
    }
