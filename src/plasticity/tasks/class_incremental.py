"""Every task adds classes to those of the tasks before (Dohare et al. 2024, incremental CIFAR-100; He et al.)."""

from plasticity.config.settings import setting
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator
from plasticity.tasks.sequence import TaskSequence
from plasticity.tasks.supply import Supply, images_per_class


class ClassIncremental(TaskSequence, name="class_incremental"):
    """All images of the classes so far; each task adds classes, in an order drawn from the seed.

    Networks have an output for every class of the data set from the beginning, as in the released codes of Dohare et
    al. and He et al. Loss, predictions and metrics use the outputs of the classes so far and ignore the others.
    """

    first_classes: int | None = setting(
        "Classes of the first task; if absent, as many as each task adds.", unit="classes", default=None, ge=2
    )
    added_classes: int = setting("Classes added by each further task.", unit="classes", default=2, ge=1)

    def check(self, supply: Supply, tasks: int) -> None:
        """Refuse a supply of which no such sequence can be made.

        Raises:
            PlasticityError: If the first task has one class, or there are more tasks than there are classes to add.
        """
        images_per_class(supply)
        if self._first < 2:
            raise PlasticityError("tasks.first_classes: expected at least 2, as added_classes is 1, got none")
        if (seen := self._seen(tasks)) > supply.num_classes:
            most = max(supply.num_classes - self._first, -1) // self.added_classes + 1
            expected = f"at most {most} tasks, as there are {supply.num_classes} classes"
            raise PlasticityError(f"tasks: expected {expected}, got {tasks}, which need {seen}")

    def classes(self, supply: Supply, seed: int, number: int) -> tuple[int, ...]:
        """Return the classes so far; those that came first have the first labels.

        Raises:
            PlasticityError: If there are fewer classes.
        """
        self.check(supply, number)
        order = numpy_generator(seed, "class_incremental").permutation(supply.num_classes)
        return tuple(order[: self._seen(number)].tolist())

    @property
    def _first(self) -> int:
        return self.first_classes or self.added_classes

    def _seen(self, tasks: int) -> int:
        return self._first + (tasks - 1) * self.added_classes
