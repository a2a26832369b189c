"""Stage: compare what the studies ask for with the prepared data set, before any training starts.

Only what every seed would be refused for is refused here: sizes, super-classes, classes that a balanced draw leaves
without an image. The draws are the tasks' own, made of labels alone.
"""

from collections.abc import Iterable

import numpy as np

from plasticity.config.data_requests import (
    CheckDataSettings,
    Counted,
    DataRequest,
    HalvesAsked,
    HalvesRequest,
    SequenceAsked,
    SequenceRequest,
)
from plasticity.config.findings import ConfigError
from plasticity.config.slices import PartsSettings
from plasticity.data.store import ImageStore
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.stages.task_stores import first_task, supply_of
from plasticity.storage.files import read_json, write_json
from plasticity.tasks.halves import split_sizes
from plasticity.tasks.sequence import TaskSequence, task_of
from plasticity.tasks.super_classes import draw_parts

_ANY_SEED = 0
_ROWS = 10_000  # of a Gauss-Newton matrix's dual: 800 MB, and a minute of one core

Drawn = tuple[int, int]
"""Training images of the first task, and the most classes of a task."""


def run(job: Job) -> None:
    """Check the data set that the input "description" tells of.

    Output "checked" keeps what was asked, what the data set was prepared by (both are settings), and what it has.
    """
    description, settings = read_json(job.input["description"]), job.slice(CheckDataSettings)
    counted = Counted.of({key: description[key] for key in Counted.model_fields})
    check_requests(settings.requests, counted)
    write_json(job.output["checked"], {**settings.plain(), "description": counted.plain()})


def check_requests(requests: Iterable[DataRequest], counted: Counted) -> None:
    """Check that a prepared data set has what is asked for, as `Section.data_requests` says it.

    Args:
        requests: What is drawn, with which settings, and where the configuration says so.
        counted: What the data set has.

    Raises:
        ConfigError: If it does not; the message has one line per violation.
    """
    store = _labels_alone(counted)
    lines = []
    for each in requests:
        try:
            images, classes = _drawn(store, each)
            lines += _lines_of_measures(each, images, classes)
        except PlasticityError as error:
            line = str(error).removeprefix("permuted.")  # of which the study names its own section
            key = line.partition(":")[0].split(" ")[0].split(".")[0]
            lines.append(f"{each.places.get(key, each.section)}.{line}")
    if lines:
        raise ConfigError(list(dict.fromkeys(lines)))


def _lines_of_measures(request: DataRequest, images: int, classes: int) -> list[str]:
    """Return a line for each measure that asks for more images than a task has, or for too large a matrix."""
    lines = []
    for key, asked in request.measured.items():
        where = f"{request.section}.measure.{key}.images"
        if asked > images:
            lines.append(f"{where}: expected at most {images} images, as many as the first task has, got {asked}")
        elif key == "curvature" and asked * classes > _ROWS:
            most = f"{_ROWS // classes} images with {classes} classes, a row of the Gauss-Newton matrix for each"
            lines.append(f"{where}: expected at most {most}, got {asked}")
    return lines


def _labels_alone(counted: Counted) -> ImageStore:
    """Return a data set of images of one pixel, with as many of each class as the prepared one has."""
    parts = {}
    for part, counts in counted.counts.items():
        labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        parts |= {f"{part}_labels": labels, f"{part}_images": np.zeros((len(labels), 1, 1, 1), dtype=np.uint8)}
    return ImageStore(name=counted.name, mean=(), std=(), class_names=counted.class_names, digest="", **parts)


def _drawn(store: ImageStore, request: DataRequest) -> Drawn:
    if isinstance(request, HalvesRequest):
        return _halves(store, request.settings)
    if isinstance(request, SequenceRequest):
        return _sequence(store, request.settings)
    return _super_classes(store, request.settings)


def _halves(store: ImageStore, asked: HalvesAsked) -> Drawn:
    _, half = split_sizes(asked, available=len(store.train_labels))
    available, size = len(store.test_labels), asked.test_size
    if size is not None and size > available:
        raise PlasticityError(f"test_size: expected null or 1 to {available} images, got {size!r}")
    return half, store.num_classes


def _sequence(store: ImageStore, asked: SequenceAsked) -> Drawn:
    supply = supply_of(store, asked.train_size)
    sequence = asked.tasks.make(TaskSequence)
    sequence.check(supply, asked.number)
    first, last = (task_of(sequence, supply, _ANY_SEED, number) for number in (1, asked.number))
    classes = max(len(task.classes or range(store.num_classes)) for task in (first, last))
    return len(first.images), classes


def _super_classes(store: ImageStore, asked: PartsSettings) -> Drawn:
    parts = draw_parts(supply_of(store), asked, seed=_ANY_SEED)
    if asked.balanced:  # otherwise the seed decides which classes a small draw leaves out
        first_task(store, parts, asked.super_classes)
    return len(parts.train), len(asked.super_classes or store.class_names)
