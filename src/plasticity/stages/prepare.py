"""Stage `prepare`: read a data set once, check it, and store it as memory-mappable arrays with checksums."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.config.whole_run import DataSetSettings, Normalise
from plasticity.data.dataset import DataSet
from plasticity.data.readers.reader import read_data_set
from plasticity.data.store import ARRAYS, DESCRIPTION, sealed
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.jobs.logs import logger
from plasticity.seeding import numpy_generator
from plasticity.storage.files import atomic_path, sha256_of, write_json

_BLOCK = 4096  # images counted at a time


def run(job: Job) -> None:
    """Prepare the data set in the folder of the job's outputs."""
    prepare(job.slice(DataSetSettings), job.output["description"].parent)


def prepare(settings: DataSetSettings, folder: str | Path) -> Path:
    """Read, check and store the data set of the configuration's `dataset` section.

    The training images keep their order, since every seed draws its own. The test images are put into a fixed random
    order, so that their first part, which `test_size` takes, mixes the classes whatever the source's order is.

    Args:
        settings: The data set's name, its reader, and how its channels are normalised.
        folder: Gets train_images.npy, train_labels.npy, test_images.npy, test_labels.npy and, last, dataset.json.

    Returns:
        The path of dataset.json.

    Raises:
        PlasticityError: If the data set cannot be read or is not a set of labelled images of one size.
    """
    folder = Path(folder)
    data = read_data_set(settings)
    check(data)
    mean, std = _normalisation(data.train_images, settings.normalise)
    (folder / DESCRIPTION).unlink(missing_ok=True)  # it must never describe arrays of another run
    data = _mix_test_order(data)
    description = {
        "name": settings.name,
        "reader": settings.reader,
        "source": data.source,
        "class_names": list(data.class_names),
        "arrays": {name: _save(folder / f"{name}.npy", getattr(data, name)) for name in ARRAYS},
        "counts": {"train": _class_counts(data.train_labels, data), "test": _class_counts(data.test_labels, data)},
        "mean": mean,
        "std": std,
        "normalisation": "computed" if settings.normalise is None else "configured",
    }
    write_json(folder / DESCRIPTION, sealed(description))
    logger.info("%s: images %s, mean %s, std %s", data.source, data.train_images.shape, mean, std)
    logger.info("images per class: %s", description["counts"])
    return folder / DESCRIPTION


def check(data: DataSet) -> None:
    """Check that a data set is what training relies on.

    Raises:
        PlasticityError: If images are not uint8 of one size, labels are not 0..C-1, or a class is absent.
    """
    if len(data.class_names) < 2 or len(set(data.class_names)) < len(data.class_names):
        raise PlasticityError(f"dataset: expected two or more distinct classes, got {list(data.class_names)}")
    for part in ("train", "test"):
        _check_part(part, getattr(data, f"{part}_images"), getattr(data, f"{part}_labels"), data.class_names)
    train, test = data.train_images.shape[1:], data.test_images.shape[1:]
    if train != test:
        raise PlasticityError(f"dataset: expected test images of shape {train} as in training, got {test}")


def channel_statistics(images: NDArray[np.uint8]) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of every channel as fractions of 255.

    Both follow from exact counts of the 256 values, so that they do not depend on the order of summation.

    Args:
        images: uint8 of shape (N, H, W, C).
    """
    channels = images.shape[-1]
    counts = np.zeros((channels, 256), dtype=np.int64)
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK].reshape(-1, channels)
        for channel in range(channels):
            counts[channel] += np.bincount(block[:, channel], minlength=256)
    shares = counts / counts.sum(axis=1, keepdims=True)
    values = np.arange(256) / 255
    mean = shares @ values
    variance = (shares * (values - mean[:, np.newaxis]) ** 2).sum(axis=1)
    return mean.tolist(), np.sqrt(variance).tolist()


def _check_part(part: str, images: NDArray[Any], labels: NDArray[Any], class_names: tuple[str, ...]) -> None:
    for what, array in (("images", images), ("labels", labels)):
        if not isinstance(array, np.ndarray):
            raise PlasticityError(f"dataset, {part} {what}: expected an array, got {type(array).__name__}")
    if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
        got = f"{images.dtype} of shape {images.shape}"
        raise PlasticityError(f"dataset, {part} images: expected uint8 of shape (N, H, W, C), none empty, got {got}")
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        got = f"{labels.dtype} of shape {labels.shape}"
        raise PlasticityError(f"dataset, {part} labels: expected int64 of shape {images.shape[:1]}, got {got}")
    wrong = np.flatnonzero((labels < 0) | (labels >= len(class_names)))
    if len(wrong):
        expected = f"a label from 0 to {len(class_names) - 1}"
        raise PlasticityError(f"dataset, {part} row {wrong[0]}: expected {expected}, got {labels[wrong[0]]}")
    absent = np.setdiff1d(np.arange(len(class_names)), labels)
    if len(absent):
        name = class_names[absent[0]]
        raise PlasticityError(f"dataset, {part}: expected images of every class, got none of class {name!r}")


def _normalisation(images: NDArray[np.uint8], configured: Normalise | None) -> tuple[list[float], list[float]]:
    channels = images.shape[-1]
    if configured is None:
        mean, std = channel_statistics(images)
        if 0 in std:
            where = f"channel {std.index(0)} has one value in all training images"
            raise PlasticityError(f"dataset.normalise: expected it to be set, since {where}")
        return mean, std
    for key, values in (("mean", configured.mean), ("std", configured.std)):
        if len(values) != channels or not all(0 <= value <= 1 for value in values):
            expected = f"{channels} fractions of 1" + (" above 0" if key == "std" else "")
            raise PlasticityError(f"dataset.normalise.{key}: expected {expected}, got {list(values)!r}")
    return list(configured.mean), list(configured.std)


def _mix_test_order(data: DataSet) -> DataSet:
    order = numpy_generator(0, "prepare/test_order").permutation(len(data.test_labels))
    return replace(data, test_images=data.test_images[order], test_labels=data.test_labels[order])


def _class_counts(labels: NDArray[np.int64], data: DataSet) -> list[int]:
    return np.bincount(labels, minlength=len(data.class_names)).tolist()


def _save(path: Path, array: NDArray[Any]) -> dict[str, Any]:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    return {"dtype": str(array.dtype), "shape": list(array.shape), "sha256": sha256_of(path)}
