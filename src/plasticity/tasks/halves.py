"""Stage: draw a seed's training images and its warm-up half.

The full set is the second task, the warm-up half the first one (Ash & Adams 2020): a uniform random half, not
stratified by class. All arms of a seed share the split.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plasticity.config.slices import SplitSettings
from plasticity.data.store import ImageStore, class_counts, open_store
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.jobs.logs import logger
from plasticity.seeding import numpy_generator
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table


@dataclass(frozen=True)
class Split:
    """Rows of the prepared training set that a seed trains on.

    Attributes:
        full_indices: int64 of shape (N,), the full training set in the seed's random order.
        warm_up_indices: int64, the warm-up half: the first part of `full_indices`.
    """

    full_indices: NDArray[np.int64]
    warm_up_indices: NDArray[np.int64]

    @property
    def digest(self) -> str:
        """SHA-256 of the rows in their order and of the half, whatever file they came from."""
        return digest_of([self.full_indices.tolist(), len(self.warm_up_indices)])


def run(job: Job) -> None:
    """Draw the split of the job's seed."""
    draw_split(job.slice(SplitSettings), dataset=job.input["data"], seed=job.params["seed"], output=job.output["split"])


def draw_split(settings: SplitSettings, *, dataset: str | Path, seed: int, output: str | Path) -> None:
    """Draw the split of one seed and write it as a split table.

    Args:
        settings: How many images, and which share of them.
        dataset: The prepared data set, its folder or dataset.json.
        seed: The run's seed; other seeds' splits do not depend on it.
        output: The table to write.

    Raises:
        PlasticityError: If the sizes do not fit the data set, or a class is absent.
    """
    store = open_store(dataset)
    size, half = split_sizes(settings, available=len(store.train_labels))
    indices = numpy_generator(seed, "split").permutation(len(store.train_labels))[:size]
    labels = np.asarray(store.train_labels)[indices]
    counts = {
        "full": class_counts(labels, store.class_names, f"seed {seed}: the full set of {size} images"),
        "warm_up": class_counts(labels[:half], store.class_names, f"seed {seed}: the warm-up half of {half} images"),
    }
    positions = np.arange(size)
    frame = pd.DataFrame({"position": positions, "index": indices, "label": labels, "warm_up": positions < half})
    record = provenance({**settings.plain(), "seed": seed}) | {"counts": counts, "dataset_digest": store.digest}
    write_table(frame, output, "split", record)
    for part, count in counts.items():
        logger.info("seed %d, %s: %d images, per class %s", seed, part, sum(count), count)


def read_split(path: str | Path, store: ImageStore) -> Split:
    """Read a split table and check that it fits the data set it is used with.

    Raises:
        PlasticityError: If the file is damaged, or its rows are not images of `store` with these labels.
    """
    frame = read_table(path, "split")
    indices = frame["index"].to_numpy(np.int64)
    warm_up = frame["warm_up"].to_numpy(bool)
    available = len(store.train_labels)
    if frame["position"].tolist() != list(range(len(frame))) or not np.array_equal(warm_up, np.sort(warm_up)[::-1]):
        raise PlasticityError(f"{path}: expected positions from 0 with the warm-up half first, got another order")
    if not warm_up.any():
        raise PlasticityError(f"{path}: expected a warm-up half, got no row that belongs to it")
    if indices.min() < 0 or indices.max() >= available or len(np.unique(indices)) < len(indices):
        raise PlasticityError(f"{path}: expected distinct rows of {available} training images, got others or repeats")
    if not np.array_equal(np.asarray(store.train_labels)[indices], frame["label"].to_numpy()):
        raise PlasticityError(f"{path}: expected the labels of data set {store.name}, got those of another one")
    return Split(full_indices=indices, warm_up_indices=indices[warm_up])


def split_sizes(settings: SplitSettings, *, available: int) -> tuple[int, int]:
    """Return how many training images a seed has, and how many of them its warm-up half.

    Args:
        settings: How many images, and which share of them.
        available: Training images of the prepared data set.

    Raises:
        PlasticityError: If the sizes do not fit the data set.
    """
    size, fraction = settings.train_size or available, settings.warm_up_fraction
    if size > available:
        raise PlasticityError(f"train_size: expected null or 1 to {available} images, got {size}")
    half = round(fraction * size)
    if half < 1:
        raise PlasticityError(f"warm_up_fraction: expected at least one image of {size}, got none at {fraction}")
    return size, half
