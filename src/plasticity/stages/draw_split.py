"""Stage: draw a seed's training images and its warm-up half."""

from pathlib import Path

import numpy as np
import pandas as pd

from plasticity.config.slices import SplitSettings
from plasticity.data.store import ImageStore, class_counts, open_store
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.jobs.logs import logger
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table
from plasticity.tasks.halves import Split, drawn_halves


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
    split = drawn_halves(settings, available=len(store.train_labels), seed=seed)
    indices, size, half = split.full_indices, len(split.full_indices), len(split.warm_up_indices)
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
        raise PlasticityError(f"{path}: expected positions from 0 with the warm-up half first, got a different order")
    if not warm_up.any():
        raise PlasticityError(f"{path}: expected a warm-up half, got no row that belongs to it")
    if indices.min() < 0 or indices.max() >= available or len(np.unique(indices)) < len(indices):
        raise PlasticityError(
            f"{path}: expected distinct rows of {available} training images, got others or duplicates"
        )
    if not np.array_equal(np.asarray(store.train_labels)[indices], frame["label"].to_numpy()):
        raise PlasticityError(f"{path}: expected the labels of data set {store.name}, got those of a different one")
    return Split(full_indices=indices, warm_up_indices=indices[warm_up])


def split_digest(split: Split) -> str:
    """Return SHA-256 of the rows in their order and of the half, whatever file they came from."""
    return digest_of([split.full_indices.tolist(), len(split.warm_up_indices)])
