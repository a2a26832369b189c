"""What every sequence of tasks is: a class in one file, which makes a seed's tasks of the images of a data set.

    class RandomLabels(TaskSequence, name="random_labels"):
        '''The same images with labels drawn anew for every task.'''

        def labels(self, supply, seed, number): ...

A task is a function of seed and number, so that a killed training continues without replaying the tasks before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.config.component import Component
from plasticity.config.settings import setting
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator


@dataclass(frozen=True)
class Supply:
    """What tasks are made of.

    Attributes:
        labels: Those of the training set, int64 (N,), classes 0..C-1.
        num_classes: C.
        num_pixels: Pixels of an image, D.
        size: Images of a seed's tasks; None for all N.
    """

    labels: NDArray[np.int64]
    num_classes: int
    num_pixels: int
    size: int | None = None


@dataclass(frozen=True)
class Task:
    """A task of one seed; all arms of the seed see the same one.

    Attributes:
        seed: The run's seed.
        number: Which task, from 1.
        images: Rows of the training set that it uses, ascending, int64 (n,).
        positions: Where each pixel goes, int64 (D,).
        labels: By row of the training set, int64 (N,); None for the data set's own.
        reshuffled: Every epoch has an order of its own.
    """

    seed: int
    number: int
    images: NDArray[np.int64]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    reshuffled: bool = False

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the rows of the training set in the order of one epoch (from 1), int64 (n,)."""
        index = epoch - 1 if self.reshuffled else 0
        order = numpy_generator(self.seed, f"permuted/order/{self.number}", index).permutation(len(self.images))
        return self.images[order]


class TaskSequence(Component, kind="tasks"):
    """Base class: the tasks of a seed are its images as they are; a sequence says what differs from task to task."""

    reshuffle_epochs: bool = setting(
        "Draw a new order of the images for every epoch of a task; false keeps the task's order, as the released code.",
        unit="1",
        default=False,
    )

    def task(self, supply: Supply, seed: int, number: int) -> Task:
        """Return a task.

        Args:
            supply: What it is made of.
            seed: The run's seed.
            number: Which one, from 1.

        Raises:
            PlasticityError: If more images are asked for than there are, or the sequence makes no task of these.
        """
        found = Task(
            seed,
            number,
            images_of(supply, seed),
            self.positions(supply, seed, number),
            self.labels(supply, seed, number),
            self.reshuffle_epochs,
        )
        self._check(found, supply)
        return found

    def positions(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
        """Return where each pixel goes in a task, int64 (D,)."""
        del seed, number
        return np.arange(supply.num_pixels)

    def labels(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64] | None:
        """Return the labels of a task by row of the training set, int64 (N,); None for the data set's own."""
        del supply, seed, number
        return None

    def _check(self, task: Task, supply: Supply) -> None:
        called = f"tasks {self.name or type(self).__qualname__}"
        if not np.array_equal(np.sort(task.positions), np.arange(supply.num_pixels)):
            raise PlasticityError(f"{called}: expected a permutation of {supply.num_pixels} pixels, got none")
        labels = task.labels
        if labels is None:
            return
        if labels.shape != supply.labels.shape or labels.min() < 0 or labels.max() >= supply.num_classes:
            expected = f"a class 0 to {supply.num_classes - 1} of every training image"
            raise PlasticityError(f"{called}: expected {expected}, got other labels")


def images_of(supply: Supply, seed: int) -> NDArray[np.int64]:
    """Return the rows of the training set that a seed's tasks use, ascending; all, or a part drawn from the seed.

    Raises:
        PlasticityError: If more images are asked for than there are.
    """
    available = len(supply.labels)
    size = supply.size or available
    if size > available:
        raise PlasticityError(f"permuted.train_size: expected at most {available} images, got {size}")
    return np.sort(numpy_generator(seed, "permuted/images").permutation(available)[:size])
