"""A task as a data set of its own, cut from the prepared one; `plasticity.tasks` draws the rows of its images."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plasticity.data.store import ImageStore, class_counts
from plasticity.tasks.super_classes import Parts, used_classes
from plasticity.tasks.supply import Supply


def supply_of(store: ImageStore, size: int | None = None) -> Supply:
    """Return what tasks are made of: the labels of a data set.

    Args:
        store: The prepared data set.
        size: Training images that a seed's tasks are made of; None for all.
    """
    labels, tested = np.asarray(store.train_labels), np.asarray(store.test_labels)
    return Supply(labels, store.num_classes, math.prod(store.image_shape), size, tested)


def first_task(store: ImageStore, parts: Parts, super_classes: Sequence[Sequence[int]] | None) -> ImageStore:
    """Return the first task, whose classes are the super-classes if there are any.

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
    """Return the next task: the classes inside the super-classes, in ascending order.

    Args:
        store: The prepared data set.
        parts: The seed's parts.
        super_classes: Those of the first task.
        validation: Whether its test images are those for validation, out of the training set.
    """
    groups = [[label] for label in used_classes(store.num_classes, super_classes)]
    if not validation:
        return _task(store, parts.next_train, parts.next_test, groups)
    held_out = replace(store, test_images=store.train_images, test_labels=store.train_labels)
    return _task(held_out, parts.next_train, parts.next_validation, groups)


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
