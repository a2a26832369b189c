"""What tasks are made of, and which images of it a seed's tasks use."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator

_NONE = -1  # the label of an image that is not in a task


@dataclass(frozen=True)
class Supply:
    """What tasks are made of.

    Attributes:
        labels: Those of the training set, int64 (N,), classes 0..C-1.
        num_classes: C.
        num_pixels: Pixels of an image, D.
        size: Training images that a seed's tasks are made of; None for all N.
        test_labels: Those of the test set, int64 (M,).
    """

    labels: NDArray[np.int64]
    num_classes: int
    num_pixels: int
    size: int | None = None
    test_labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def images_of(supply: Supply, seed: int) -> NDArray[np.int64]:
    """Return the rows of the training set that a seed's tasks use, ascending; all, or a part drawn from the seed.

    Raises:
        PlasticityError: If more images are asked for than there are.
    """
    return np.sort(_shuffled(supply, seed)[: supply.size])


def images_of_classes(supply: Supply, seed: int, classes: Sequence[int]) -> NDArray[np.int64]:
    """Return the rows of the training set that a task of some classes uses, ascending; as many of each class.

    A class has the same images in all tasks of a seed.

    Raises:
        PlasticityError: If a class has too few.
    """
    each, order = images_per_class(supply), _shuffled(supply, seed)
    labels = supply.labels[order]
    return np.sort(np.concatenate([order[labels == label][:each] for label in classes]))


def images_per_class(supply: Supply) -> int:
    """Return how many training images every class has in the tasks that it is in: an equal part of the supply's size.

    Raises:
        PlasticityError: If there is no equal part, or a class has too few images for it.
    """
    number = supply.num_classes
    fewest = int(np.bincount(supply.labels, minlength=number).min())
    if supply.size is None:
        return fewest
    if supply.size % number or not 0 < supply.size <= number * fewest:
        expected = f"a multiple of {number}, as many images of every class, up to {number * fewest}"
        raise PlasticityError(f"permuted.train_size: expected {expected}, got {supply.size}")
    return supply.size // number


def relabelled(labels: NDArray[np.int64], classes: Sequence[int]) -> NDArray[np.int64]:
    """Return the labels of a task that tells some classes apart: their places, and -1 for all other classes."""
    found = np.full(labels.shape, _NONE)
    for place, label in enumerate(classes):
        found[labels == label] = place
    return found


def rows_of_classes(labels: NDArray[np.int64], classes: Sequence[int]) -> NDArray[np.int64]:
    """Return the rows of all images of some classes, ascending."""
    return np.flatnonzero(np.isin(labels, classes))


def _shuffled(supply: Supply, seed: int) -> NDArray[np.int64]:
    """Return all rows of the training set in the seed's order.

    Raises:
        PlasticityError: If more images are asked for than there are.
    """
    available = len(supply.labels)
    if (size := supply.size or available) > available:
        raise PlasticityError(f"permuted.train_size: expected at most {available} images, got {size}")
    return numpy_generator(seed, "permuted/images").permutation(available)
