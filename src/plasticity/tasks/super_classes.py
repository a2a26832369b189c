"""Which images a run of the train-test study sees: disjoint parts of the prepared sets, drawn from the seed.

A part is a function of seed and settings, so that every stage knows it without a file. With super-classes the first
task tells these apart and the next task, on other images, the classes inside them (Hui, Belkin & Nakkiran 2022, §4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plasticity.config.slices import NextSizes, PartsSettings
from plasticity.data.store import ImageStore, class_counts
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator


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


def draw_parts(store: ImageStore, settings: PartsSettings, *, seed: int) -> Parts:
    """Draw the parts of one seed. Smaller parts of a first task are contained in larger ones of the same seed.

    Args:
        store: The prepared data set.
        settings: How many images, of which classes.
        seed: The run's seed.

    Raises:
        PlasticityError: If there are too few images, or a super-class has a class that the data set does not have.
    """
    after = settings.next_task or NextSizes(train_size=0, validation_size=0, test_size=0)
    draw = {"classes": used_classes(store, settings.super_classes), "balanced": settings.balanced}
    train = _Pool(np.asarray(store.train_labels), numpy_generator(seed, "parts/train"), "training", **draw)
    test = _Pool(np.asarray(store.test_labels), numpy_generator(seed, "parts/test"), "test", **draw)
    return Parts(
        train=train.take(settings.train_size, "train_size"),
        test=test.take(settings.test_size, "test_size"),
        next_train=train.take(after.train_size, "next_task.train_size"),
        next_validation=train.take(after.validation_size, "next_task.validation_size"),
        next_test=test.take(after.test_size, "next_task.test_size"),
    )


def first_task(store: ImageStore, parts: Parts, super_classes: Sequence[Sequence[int]] | None) -> ImageStore:
    """Return the first task as a data set of its own, whose classes are the super-classes if there are any.

    Raises:
        PlasticityError: If a class has no training or no test image, and so no variance.
    """
    groups = super_classes or [[label] for label in range(store.num_classes)]
    task = _task(store, parts.train, parts.test, groups)
    for name, labels in (("train_size", task.train_labels), ("test_size", task.test_labels)):
        class_counts(labels, task.class_names, f"{name} {len(labels)}")
    return task


def next_task(
    store: ImageStore, parts: Parts, super_classes: Sequence[Sequence[int]], *, validation: bool = False
) -> ImageStore:
    """Return the next task as a data set of its own: the classes inside the super-classes, in ascending order.

    Args:
        store: The prepared data set.
        parts: The seed's parts.
        super_classes: Those of the first task.
        validation: Whether its test images are those for validation, out of the training set.
    """
    groups = [[label] for label in used_classes(store, super_classes)]
    if not validation:
        return _task(store, parts.next_train, parts.next_test, groups)
    held_out = replace(store, test_images=store.train_images, test_labels=store.train_labels)
    return _task(held_out, parts.next_train, parts.next_validation, groups)


def used_classes(store: ImageStore, super_classes: Sequence[Sequence[int]] | None) -> list[int]:
    """Return the classes that a run sees, in ascending order: all, or those in super-classes.

    Raises:
        PlasticityError: If a super-class has a class that the data set does not have.
    """
    if super_classes is None:
        return list(range(store.num_classes))
    used = sorted(label for group in super_classes for label in group)
    if used[-1] >= store.num_classes:
        raise PlasticityError(f"super_classes: expected classes 0 to {store.num_classes - 1}, got {used[-1]}")
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


def _task(store: ImageStore, train: NDArray, test: NDArray, groups: Sequence[Sequence[int]]) -> ImageStore:
    """Return the data set of these rows; classes are the groups, and a group is named after its classes."""
    label_of = np.full(store.num_classes, -1)
    for label, group in enumerate(groups):
        label_of[list(group)] = label
    return replace(
        store,
        train_images=store.train_images[train],
        train_labels=label_of[np.asarray(store.train_labels)[train]],
        test_images=store.test_images[test],
        test_labels=label_of[np.asarray(store.test_labels)[test]],
        class_names=tuple(" or ".join(store.class_names[label] for label in group) for group in groups),
    )
