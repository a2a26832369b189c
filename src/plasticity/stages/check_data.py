"""Stage: compare what the studies ask for with the prepared data set, before any training starts.

Only what every seed would be refused for is refused here: sizes, super-classes, classes that a balanced draw leaves
without an image. The draws are the tasks' own, made of labels alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from plasticity.config.component import Chosen
from plasticity.config.findings import ConfigError
from plasticity.config.slices import PartsSettings, SplitSettings
from plasticity.config.study_section import DataRequest
from plasticity.data.store import ImageStore
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.stages.task_stores import first_task, supply_of
from plasticity.storage.files import read_json, write_json
from plasticity.tasks.halves import split_sizes
from plasticity.tasks.sequence import TaskSequence
from plasticity.tasks.super_classes import draw_parts

_ANY_SEED = 0
_ROWS = 10_000  # of a Gauss-Newton matrix's dual: 800 MB, and a minute of one core

Drawn = tuple[int, int]
"""Training images of the first task, and the most classes of a task."""


def run(job: Job) -> None:
    """Check the data set that the input "description" tells of.

    Output "checked" keeps what was asked, what the data set was prepared by (both are settings), and what it has.
    """
    description = read_json(job.input["description"])
    check_requests(job.settings["requests"], description)
    counted = {key: description[key] for key in ("name", "class_names", "counts")}
    write_json(job.output["checked"], {**job.settings, "description": counted})


def check_requests(requests: Iterable[DataRequest], description: Mapping[str, Any]) -> None:
    """Check that a prepared data set has what is asked for, as `Section.data_requests` says it.

    Args:
        requests: What is drawn, with which settings, and where the configuration says so.
        description: Content of the data set's dataset.json: name, class_names and counts.

    Raises:
        ConfigError: If it does not; the message has one line per violation.
    """
    store = _labels_alone(description)
    lines = []
    for each in requests:
        try:
            images, classes = _DRAWS[each["draw"]](store, each["settings"])
            lines += _lines_of_measures(each, images, classes)
        except PlasticityError as error:
            line = str(error).removeprefix("permuted.")  # of which the study names its own section
            key = line.partition(":")[0].split(" ")[0].split(".")[0]
            lines.append(f"{each['places'].get(key, each['section'])}.{line}")
    if lines:
        raise ConfigError(list(dict.fromkeys(lines)))


def _lines_of_measures(request: DataRequest, images: int, classes: int) -> list[str]:
    """Return a line for each measure that asks for more images than a task has, or for too large a matrix."""
    lines = []
    for key, asked in request.get("measured", {}).items():
        where = f"{request['section']}.measure.{key}.images"
        if asked > images:
            lines.append(f"{where}: expected at most {images} images, as many as the first task has, got {asked}")
        elif key == "curvature" and asked * classes > _ROWS:
            most = f"{_ROWS // classes} images with {classes} classes, a row of its matrix for each image and class"
            lines.append(f"{where}: expected at most {most}, got {asked}")
    return lines


def _labels_alone(description: Mapping[str, Any]) -> ImageStore:
    """Return a data set of images of one pixel, with as many of each class as the prepared one has."""
    parts = {}
    for part, counts in description["counts"].items():
        labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        parts |= {f"{part}_labels": labels, f"{part}_images": np.zeros((len(labels), 1, 1, 1), dtype=np.uint8)}
    names = tuple(description["class_names"])
    return ImageStore(name=description["name"], mean=(), std=(), class_names=names, digest="", **parts)


def _halves(store: ImageStore, settings: Mapping[str, Any]) -> Drawn:
    of_seed = {key: value for key, value in settings.items() if key != "test_size"}
    _, half = split_sizes(SplitSettings.of(of_seed), available=len(store.train_labels))
    available, size = len(store.test_labels), settings["test_size"]
    if size is not None and size > available:
        raise PlasticityError(f"test_size: expected null or 1 to {available} images, got {size!r}")
    return half, store.num_classes


def _sequence(store: ImageStore, settings: Mapping[str, Any]) -> Drawn:
    supply = supply_of(store, settings["train_size"])
    sequence = Chosen.model_validate(settings["tasks"]).make(TaskSequence)
    sequence.check(supply, settings["number"])
    first, last = (sequence.task(supply, _ANY_SEED, number) for number in (1, settings["number"]))
    classes = max(len(task.classes or range(store.num_classes)) for task in (first, last))
    return len(first.images), classes


def _super_classes(store: ImageStore, settings: Mapping[str, Any]) -> Drawn:
    asked = PartsSettings.of(settings)
    parts = draw_parts(supply_of(store), asked, seed=_ANY_SEED)
    if asked.balanced:  # otherwise the seed decides which classes a small draw leaves out
        first_task(store, parts, asked.super_classes)
    return len(parts.train), len(asked.super_classes or store.class_names)


_DRAWS = {"halves": _halves, "sequence": _sequence, "super_classes": _super_classes}
