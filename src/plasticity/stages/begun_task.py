"""A task that a network has begun and not ended: what a killed training has to know of it to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from numpy.typing import NDArray

from plasticity.stages.learners.device_data import Row
from plasticity.training.online.stack import Network

_BEFORE = "begun/"  # in the names of tensors


@dataclass
class BegunTask:
    """What is known of a network's task before its end.

    Attributes:
        epochs: Online accuracy of every epoch on it so far.
        landscape: What was measured of the landscape at its start.
        parameters: The network's parameters there, after any intervention.
    """

    epochs: list[float] = field(default_factory=list)
    landscape: Row = field(default_factory=dict)
    parameters: Network = field(default_factory=dict)


def tensors_of_begun(tasks: Sequence[BegunTask]) -> Network:
    """Return all parameters, by names that no learner uses."""
    return {
        f"{_BEFORE}{place}/{name}": array for place, task in enumerate(tasks) for name, array in task.parameters.items()
    }


def rows_of_begun(tasks: Sequence[BegunTask]) -> list[tuple[list[float], Row]]:
    """Return all else, as JSON can hold it."""
    return [(task.epochs, task.landscape) for task in tasks]


def begun_tasks(
    rows: Sequence[tuple[list[float], Row]], tensors: Mapping[str, NDArray]
) -> tuple[list[BegunTask], Network]:
    """Return what `rows_of_begun` and `tensors_of_begun` were made of, and the tensors of others."""
    tasks = [BegunTask(epochs, landscape) for epochs, landscape in rows]
    for key in [key for key in tensors if key.startswith(_BEFORE)]:
        place, _, name = key.removeprefix(_BEFORE).partition("/")
        tasks[int(place)].parameters[name] = tensors[key]
    return tasks, {key: array for key, array in tensors.items() if not key.startswith(_BEFORE)}
