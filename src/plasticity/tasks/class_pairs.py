"""Every task is to tell two other classes apart (Dohare et al. 2024, Continual ImageNet)."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plasticity.config.settings import setting
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator
from plasticity.tasks.sequence import HeadOfTask, TaskSequence
from plasticity.tasks.supply import Supply, images_per_class


class ClassPairs(TaskSequence, name="class_pairs"):
    """Two classes of the data set per task, in an order drawn from the seed; networks have two outputs.

    Dohare et al. (2024) draw one order of all classes, cut it into pairs, go through them again and again, and begin
    every task with an output layer of zeros; He et al. keep the output layer.
    """

    pairs: Literal["all", "disjoint"] = setting(
        "All pairs of classes, or disjoint pairs from one random order of the classes.",
        unit="name",
        default="all",
    )
    repeat: bool = setting(
        "Start again with the first pair after the last; if false, there are at most as many tasks as pairs.",
        unit="1",
        default=False,
    )
    renew_head: HeadOfTask = setting(
        "Output layer at the start of a task: that of the previous task, freshly initialised, or zero.",
        unit="name",
        default="keep",
    )

    @property
    def head_of_task(self) -> HeadOfTask:
        """With which output layer networks begin a task."""
        return self.renew_head

    def outputs(self, num_classes: int) -> int:
        """Return two outputs, whatever the number of classes."""
        del num_classes
        return 2

    def check(self, supply: Supply, tasks: int) -> None:
        """Refuse a supply of which no such sequence can be made.

        Raises:
            PlasticityError: If there is no pair of classes, or there are more tasks than pairs.
        """
        images_per_class(supply)
        classes = supply.num_classes
        if classes < 2:
            raise PlasticityError(f"tasks: expected at least two classes to make pairs of, got {classes}")
        number = self._number(classes)
        if tasks > number and not self.repeat:
            expected = f"at most {number} tasks, {self.pairs} pairs of {classes} classes, or repeat: true"
            raise PlasticityError(f"tasks: expected {expected}, got {tasks}")

    def classes(self, supply: Supply, seed: int, number: int) -> tuple[int, ...]:
        """Return a task's two classes; the first has label 0.

        Raises:
            PlasticityError: If there are fewer pairs, and they are not repeated.
        """
        self.check(supply, number)
        pairs = _drawn(self.pairs, seed, supply.num_classes)
        first, second = pairs[(number - 1) % len(pairs)]
        return int(first), int(second)

    def _number(self, classes: int) -> int:
        """Return how many pairs there are."""
        return classes // 2 if self.pairs == "disjoint" else classes * (classes - 1) // 2


@lru_cache(maxsize=16)
def _drawn(pairs: str, seed: int, classes: int) -> NDArray[np.int64]:
    """Return a seed's pairs in their order, int64 (n, 2)."""
    generator = numpy_generator(seed, "class_pairs")
    if pairs == "disjoint":
        return generator.permutation(classes)[: classes // 2 * 2].reshape(-1, 2)
    every = generator.permutation(np.stack(np.triu_indices(classes, k=1), axis=1))
    return generator.permuted(every, axis=1)
