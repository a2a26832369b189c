"""A measure of checkpoints: its result for a network, and the columns whose values come from that result."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from plasticity.config.landscape_section import OnImages
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.subject import Subject
from plasticity.storage.schemas import Column

Result = TypeVar("Result")
Value = float | list[float]
"""A number, NaN where it is undefined, or numbers that figures draw."""


@dataclass(frozen=True)
class Quantity(Generic[Result]):
    """A column, and its value as a function of the result of a measure."""

    column: Column
    value: Callable[[Result], Value]


def quantity(name: str, unit: str, meaning: str, value: Callable[[Result], float]) -> Quantity[Result]:
    """Return a quantity from its column's name, unit and meaning."""
    return Quantity(Column(name, "float", unit, meaning), value)


def series(name: str, unit: str, meaning: str, value: Callable[[Result], Tensor]) -> Quantity[Result]:
    """Return a quantity of many numbers, which are stored row by row."""
    return Quantity(Column(name, "floats", unit, meaning), lambda result: value(result).flatten().tolist())


class Measured(ABC, Generic[Result]):
    """Something that is measured of a checkpoint.

    Attributes:
        every: It is measured at the first checkpoint and every so many from it on.
        images: Images that it takes.
    """

    def __init__(self, settings: OnImages, quantities: Iterable[Quantity[Result]]) -> None:
        self.every, self.images = settings.every, settings.images
        self._quantities = tuple(quantities)

    @property
    def columns(self) -> list[Column]:
        """The columns that it fills."""
        return [each.column for each in self._quantities]

    def check(self, model: Classifier) -> None:
        """Refuse a network that it means nothing for, before any training; none by default.

        Raises:
            PlasticityError: If it is one.
        """
        del model

    def values(self, subject: Subject) -> dict[str, Value]:
        """Return a value for every column.

        Raises:
            NotFinite: If numbers on the way are not finite.
        """
        result = self.measure(subject)
        return {each.column.name: each.value(result) for each in self._quantities}

    @abstractmethod
    def measure(self, subject: Subject) -> Result:
        """Return the result that the columns are computed from.

        Raises:
            NotFinite: If numbers on the way are not finite.
        """
        raise NotImplementedError

    @abstractmethod
    def seconds(self, gradient: float, model: Classifier) -> float:
        """Return about how long it takes.

        Args:
            gradient: Seconds of the loss's gradient, per image.
            model: A network like those of the checkpoints.
        """
        raise NotImplementedError
