"""A seed's training images and its warm-up half.

The full set is the second task, the warm-up half the first one (Ash & Adams 2020): a uniform random half, not
stratified by class. All arms of a seed share the split.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.config.slices import SplitSettings
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator


@dataclass(frozen=True)
class Split:
    """Rows of the prepared training set that a seed trains on.

    Attributes:
        full_indices: int64 of shape (N,), the full training set in the seed's random order.
        warm_up_indices: int64, the warm-up half: the first part of `full_indices`.
    """

    full_indices: NDArray[np.int64]
    warm_up_indices: NDArray[np.int64]


def drawn_halves(settings: SplitSettings, *, available: int, seed: int) -> Split:
    """Draw the images of a seed; other seeds' images do not depend on it.

    Args:
        settings: How many images, and which share of them.
        available: Training images of the prepared data set.
        seed: The run's seed.

    Raises:
        PlasticityError: If the sizes do not fit the data set.
    """
    size, half = split_sizes(settings, available=available)
    indices = numpy_generator(seed, "split").permutation(available)[:size]
    return Split(indices, indices[:half])


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
