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
from plasticity.storage.files import read_json, write_json
from plasticity.tasks.halves import split_sizes
from plasticity.tasks.sequence import TaskSequence
from plasticity.tasks.super_classes import draw_parts, first_task
from plasticity.tasks.supply import Supply

_ANY_SEED = 0


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
            _DRAWS[each["draw"]](store, each["settings"])
        except PlasticityError as error:
            line = str(error).removeprefix("permuted.")  # of which the study names its own section
            key = line.partition(":")[0].split(" ")[0].split(".")[0]
            lines.append(f"{each['places'].get(key, each['section'])}.{line}")
    if lines:
        raise ConfigError(list(dict.fromkeys(lines)))


def _labels_alone(description: Mapping[str, Any]) -> ImageStore:
    """Return a data set of images without pixels, with as many of each class as the prepared one has."""
    parts = {}
    for part, counts in description["counts"].items():
        labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        parts |= {f"{part}_labels": labels, f"{part}_images": np.zeros((len(labels), 0, 0, 1), dtype=np.uint8)}
    names = tuple(description["class_names"])
    return ImageStore(name=description["name"], mean=(), std=(), class_names=names, digest="", **parts)


def _halves(store: ImageStore, settings: Mapping[str, Any]) -> None:
    of_seed = {key: value for key, value in settings.items() if key != "test_size"}
    split_sizes(SplitSettings.of(of_seed), available=len(store.train_labels))
    available, size = len(store.test_labels), settings["test_size"]
    if size is not None and size > available:
        raise PlasticityError(f"test_size: expected null or 1 to {available} images, got {size!r}")


def _sequence(store: ImageStore, settings: Mapping[str, Any]) -> None:
    supply = Supply(store.train_labels, store.num_classes, 1, settings["train_size"], store.test_labels)
    Chosen.model_validate(settings["tasks"]).make(TaskSequence).check(supply, settings["number"])


def _super_classes(store: ImageStore, settings: Mapping[str, Any]) -> None:
    asked = PartsSettings.of(settings)
    parts = draw_parts(store, asked, seed=_ANY_SEED)
    if asked.balanced:  # otherwise the seed decides which classes a small draw leaves out
        first_task(store, parts, asked.super_classes)


_DRAWS = {"halves": _halves, "sequence": _sequence, "super_classes": _super_classes}
