"""What every intervention is: from a network between two tasks, and a fresh one, to the network that goes on."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from plasticity.config.component import Component
from plasticity.errors import PlasticityError
from plasticity.training.components import title

Weights = Mapping[str, NDArray]


class NextTask(Protocol):
    """The task that a network goes on to."""

    def gradients(self, weights: Weights, batch_size: int) -> Iterator[Weights]:
        """Yield the gradient of the loss of each batch of its images, by parameter, all at the same weights."""
        ...


@dataclass(frozen=True)
class NetworkState:
    """A network between two tasks, as arrays; nothing in it is changed in place.

    Attributes:
        weights: Parameters and buffers by name.
        fresh: The same of a freshly initialised network.
        head: Names of the head's parameters.
        buffers: Names of what is not trained, such as running statistics.
        optimizer: What the optimizer keeps, by parameter and slot; empty for a checkpoint whose next training begins
            with a new optimizer. What is left out is forgotten.
        initial: The parameters that the network began its life with; empty where no training reads them.
        reborn: Another network begins its life: what hooks and the penalty keep of the old one is forgotten, too.
        next_task: The task that the network goes on to; None unless the intervention says that it reads it.
    """

    weights: Weights
    fresh: Weights
    head: Collection[str]
    buffers: Collection[str] = ()
    optimizer: Mapping[str, Weights] = field(default_factory=dict)
    initial: Weights = field(default_factory=dict)
    reborn: bool = False
    next_task: NextTask | None = None

    @property
    def task_ahead(self) -> NextTask:
        """The task that the network goes on to.

        Raises:
            PlasticityError: If the intervention does not say that it reads it.
        """
        if self.next_task is None:
            raise PlasticityError("reads_next_task: expected true in an intervention that reads it, got false")
        return self.next_task

    def renewed(self, names: Collection[str]) -> "NetworkState":
        """Return the state with some parameters fresh: their weights, their first weights, no optimizer state."""
        return replace(
            self,
            weights={name: self.fresh[name].copy() if name in names else value for name, value in self.weights.items()},
            optimizer={name: slots for name, slots in self.optimizer.items() if name not in names},
            initial={name: self.fresh[name].copy() if name in names else value for name, value in self.initial.items()},
        )


class Intervention(Component, kind="intervention"):
    """Base class.

    Attributes:
        reads_next_task: It reads gradients of the next task's loss.
        keeps_weights: It changes what the optimizer keeps and nothing else.
        renews_head: It renews the head and no other weights.
    """

    reads_next_task: ClassVar[bool] = False
    keeps_weights: ClassVar[bool] = False
    renews_head: ClassVar[bool] = False

    @property
    def recalibrates(self) -> bool:
        """Whether batch-norm statistics are to be estimated anew for the changed weights."""
        return False

    @abstractmethod
    def __call__(self, state: NetworkState) -> NetworkState:
        """Return the network after the intervention."""
        raise NotImplementedError


def intervened(intervention: Intervention, state: NetworkState) -> NetworkState:
    """Return the network after an intervention.

    Raises:
        PlasticityError: If the intervention breaks its contract: it forgets a tensor or makes one up, changes a shape
            or a type, or makes other than finite numbers out of finite ones.
    """
    after = intervention(state)
    if not isinstance(after, NetworkState):
        raise PlasticityError(f"{title(intervention)}: expected a NetworkState, got {type(after).__name__}")
    finite = _finite(state.weights) and _finite(state.fresh)
    _check(intervention, "weights", after.weights, state.weights, finite=finite)
    _check(intervention, "initial", after.initial, state.initial, finite=finite)
    for name, slots in after.optimizer.items():
        before = state.optimizer.get(name, {})
        known = {slot: value for slot, value in before.items() if slot in slots}
        _check(intervention, f"optimizer of {name}", slots, known, finite=finite and _finite(known))
    return after


def _check(intervention: Intervention, what: str, after: Weights, before: Weights, *, finite: bool) -> None:
    """Refuse arrays that are not those of before but for their values.

    Raises:
        PlasticityError: If they are not.
    """
    called = f"{title(intervention)}, {what}"
    if odd := sorted(after.keys() ^ before.keys()):
        got = "left out" if odd[0] in before else "made up"
        raise PlasticityError(f"{called}: expected the network's own names, got {odd[0]!r} {got}")
    for name, value in after.items():
        expected, got = (f"{one.dtype}{list(one.shape)}" for one in (before[name], value))
        if expected != got:
            raise PlasticityError(f"{called}: expected {name} as {expected}, got {got}")
        if finite and not np.isfinite(value).all():
            raise PlasticityError(f"{called}: expected finite numbers in {name}, got others")


def _finite(weights: Weights) -> bool:
    return all(bool(np.isfinite(value).all()) for value in weights.values())
