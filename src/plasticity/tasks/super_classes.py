"""Which images a run of the train-test study sees: disjoint parts of the prepared sets, drawn from the seed.

A part is a function of seed and settings, so that every stage knows it without a file. With super-classes the first
task tells these apart and the next task, on other images, the classes inside them (Hui, Belkin & Nakkiran 2022, §4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.config.slices import NextSizes, PartsSettings
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator
from plasticity.tasks.supply import Supply


@dataclass(frozen=True)
class Parts:
    """Rows of the prepared sets, int64 each; the training parts are disjoint, and so are the test parts.

    Attributes:
        train: Training images of the first task.
        test: Test images of the first task.
        next_train: Training images of the next task.
        next_validation: Images of the training set that a learning rate of the next task is chosen on.
        next_test: Test images of the next task.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    next_train: NDArray[np.int64]
    next_validation: NDArray[np.int64]
    next_test: NDArray[np.int64]


def draw_parts(supply: Supply, settings: PartsSettings, *, seed: int) -> Parts:
    """Draw the parts of one seed. Smaller parts of a first task are contained in larger ones of the same seed.

    Args:
        supply: The labels of the prepared data set.
        settings: How many images, of which classes.
        seed: The run's seed.

    Raises:
        PlasticityError: If there are too few images, or a super-class has a class that the data set does not have.
    """
    after = settings.next_task or NextSizes(train_size=0, validation_size=0, test_size=0)
    draw = {"classes": used_classes(supply.num_classes, settings.super_classes), "balanced": settings.balanced}
    train = _Pool(supply.labels, numpy_generator(seed, "parts/train"), "training", **draw)
    test = _Pool(supply.test_labels, numpy_generator(seed, "parts/test"), "test", **draw)
    return Parts(
        train=train.take(settings.train_size, "train_size"),
        test=test.take(settings.test_size, "test_size"),
        next_train=train.take(after.train_size, "next_task.train_size"),
        next_validation=train.take(after.validation_size, "next_task.validation_size"),
        next_test=test.take(after.test_size, "next_task.test_size"),
    )


def used_classes(num_classes: int, super_classes: Sequence[Sequence[int]] | None) -> list[int]:
    """Return the classes that a run sees, in ascending order: all, or those in super-classes.

    Raises:
        PlasticityError: If a super-class has a class that the data set does not have.
    """
    if super_classes is None:
        return list(range(num_classes))
    used = sorted(label for group in super_classes for label in group)
    if used[-1] >= num_classes:
        raise PlasticityError(f"super_classes: expected classes 0 to {num_classes - 1}, got {used[-1]}")
    return used


class _Pool:
    """The images of one set in the seed's random order, which parts are taken from one after another."""

    def __init__(
        self, labels: NDArray, generator: np.random.Generator, name: str, *, classes: Sequence[int], balanced: bool
    ) -> None:
        order = generator.permutation(len(labels))
        self._rows = order[np.isin(labels[order], classes)]
        self._labels, self._classes, self._balanced, self._name = labels, classes, balanced, name

    def take(self, size: int | None, key: str) -> NDArray[np.int64]:
        """Return the next `size` rows and remove them; all that are left for None.

        Raises:
            PlasticityError: If there are too few.
        """
        chosen = np.arange(len(self._rows)) if size is None else self._places(size)
        if size is not None and len(chosen) < size:
            even = " with the classes balanced" if self._balanced else ""
            raise PlasticityError(
                f"{key}: expected at most {len(chosen)} {self._name} images that are left{even}, got {size}"
            )
        taken = self._rows[chosen]
        self._rows = np.delete(self._rows, chosen)
        return taken

    def _places(self, size: int) -> NDArray[np.int64]:
        if not self._balanced:
            return np.arange(min(size, len(self._rows)))
        each, more = divmod(size, len(self._classes))
        labels = self._labels[self._rows]
        counts = [each + (place < more) for place in range(len(self._classes))]
        places = [np.flatnonzero(labels == c)[:n] for c, n in zip(self._classes, counts, strict=True)]
        return np.sort(np.concatenate(places))
