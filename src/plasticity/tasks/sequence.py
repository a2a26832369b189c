"""What every sequence of tasks is: a class in one file, which makes a seed's tasks of the images of a data set.

    class RandomLabels(TaskSequence, name="random_labels"):
        '''The same images with labels drawn anew for every task.'''

        def labels(self, supply, seed, number): ...

A task is a function of seed and number, so that a killed training continues without replaying the tasks before.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plasticity.config.component import Component
from plasticity.config.settings import setting
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator
from plasticity.tasks.supply import Supply, images_of, images_of_classes, relabelled, rows_of_classes

HeadOfTask = Literal["keep", "fresh", "zero"]
"""With which output layer networks begin a task: the one they have, a freshly drawn one, or one of zeros."""


@dataclass(frozen=True)
class Task:
    """A task of one seed; all arms of the seed see the same one.

    Attributes:
        seed: The run's seed.
        number: Which task, from 1.
        images: Rows of the training set that it uses, ascending, int64 (n,).
        positions: Where each pixel goes, int64 (D,).
        labels: By row of the training set, int64 (N,), -1 for images of no class of the task; None for the data set's
            own.
        reshuffled: Every epoch has an order of its own.
        classes: Classes of the data set that the labels 0, 1, ... of the task stand for; None for all as they are.
        test_images: Rows of the test set on which it is measured what was learnt, int64 (m,); None for no such test.
        test_labels: By row of the test set, int64 (M,), as `labels`.
    """

    seed: int
    number: int
    images: NDArray[np.int64]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    reshuffled: bool = False
    classes: tuple[int, ...] | None = None
    test_images: NDArray[np.int64] | None = None
    test_labels: NDArray[np.int64] | None = None

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the rows of the training set in the order of one epoch (from 1), int64 (n,)."""
        index = epoch - 1 if self.reshuffled else 0
        order = numpy_generator(self.seed, f"permuted/order/{self.number}", index).permutation(len(self.images))
        return self.images[order]


class TaskSequence(Component, kind="tasks"):
    """Base class: the tasks of a seed are its images as they are; a sequence says what differs from task to task."""

    reshuffle_epochs: bool = setting(
        "Shuffle the images in every epoch of a task; false keeps the task's order, as in the released code.",
        unit="1",
        default=False,
    )

    @property
    def head_of_task(self) -> HeadOfTask:
        """With which output layer networks begin a task."""
        return "keep"

    def outputs(self, num_classes: int) -> int:
        """Return how many outputs networks have on a data set of so many classes.

        A task of fewer classes uses as many of the first ones, and the others rest.
        """
        return num_classes

    def check(self, supply: Supply, tasks: int) -> None:
        """Refuse a supply of which no such sequence can be made; called before any training, for every seed alike.

        Args:
            supply: What tasks are made of.
            tasks: Their number.

        Raises:
            PlasticityError: If it is too small, or the sequence too long for it.
        """
        del tasks
        images_of(supply, seed=0)

    def task(self, supply: Supply, seed: int, number: int) -> Task:
        """Return a task.

        Args:
            supply: What it is made of.
            seed: The run's seed.
            number: Which one, from 1.

        Raises:
            PlasticityError: If more images are asked for than there are, or the sequence makes no task of these.
        """
        classes, positions = self.classes(supply, seed, number), self.positions(supply, seed, number)
        if classes is None:
            images, labels = images_of(supply, seed), self.labels(supply, seed, number)
            found = Task(seed, number, images, positions, labels, self.reshuffle_epochs)
        else:
            images, labels = images_of_classes(supply, seed, classes), relabelled(supply.labels, classes)
            tested = rows_of_classes(supply.test_labels, classes), relabelled(supply.test_labels, classes)
            found = Task(seed, number, images, positions, labels, self.reshuffle_epochs, classes, *tested)
        return found

    def positions(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
        """Return where each pixel goes in a task, int64 (D,)."""
        del seed, number
        return np.arange(supply.num_pixels)

    def labels(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64] | None:
        """Return the labels of a task by row of the training set, int64 (N,); None for the data set's own."""
        del supply, seed, number
        return None

    def classes(self, supply: Supply, seed: int, number: int) -> tuple[int, ...] | None:
        """Return the classes that a task tells apart, in the order of its labels; None for all, by `labels`.

        A task of some classes has as many training images of each, and all of their test images.
        """
        del supply, seed, number
        return None


def task_of(sequence: TaskSequence, supply: Supply, seed: int, number: int) -> Task:
    """Return a task of a sequence.

    Args:
        sequence: The sequence.
        supply: What the task is made of.
        seed: The run's seed.
        number: Which one, from 1.

    Raises:
        PlasticityError: If more images are asked for than there are, or the sequence breaks its contract: it makes
            something else than a task, moves pixels by no permutation, or has classes or labels that do not exist.
    """
    called = f"tasks {sequence.name or type(sequence).__qualname__}"
    classes = sequence.classes(supply, seed, number)
    if classes is not None and not set(classes) <= set(range(supply.num_classes)):
        raise PlasticityError(f"{called}: expected classes 0 to {supply.num_classes - 1}, got {list(classes)}")
    task = sequence.task(supply, seed, number)
    if not isinstance(task, Task):
        raise PlasticityError(f"{called}: expected a Task, got {type(task).__name__}")
    if not np.array_equal(np.sort(task.positions), np.arange(supply.num_pixels)):
        raise PlasticityError(f"{called}: expected a permutation of {supply.num_pixels} pixels, got none")
    if task.labels is not None:
        _check_labels(task, task.labels, supply, sequence.outputs(supply.num_classes), called)
    return task


def _check_labels(task: Task, labels: NDArray[np.int64], supply: Supply, outputs: int, called: str) -> None:
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int64:
        got = f"an array of {labels.dtype}" if isinstance(labels, np.ndarray) else f"a {type(labels).__name__}"
        raise PlasticityError(f"{called}: expected labels as an array of int64, got {got}")
    fits = labels.shape == supply.labels.shape
    seen = labels[task.images] if task.classes and fits else labels
    if not fits or seen.min() < 0 or seen.max() >= outputs:
        expected = f"a class 0 to {outputs - 1} of every training image"
        raise PlasticityError(f"{called}: expected {expected}, got other labels")
