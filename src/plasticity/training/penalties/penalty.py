"""What every penalty is: a scalar of a step's forward pass, and the term it adds to the cross-entropy."""

from abc import abstractmethod
from typing import Any, ClassVar

from torch import Tensor

from plasticity.config.component import Chosen, Component
from plasticity.errors import PlasticityError
from plasticity.training.components import title
from plasticity.training.forward import Forward, NetworkView

NONE = "none"
"""The name of no penalty."""


class Penalty(Component, kind="penalty"):
    """Base class.

    Attributes:
        reads_layers: Whether it reads the outputs of hidden layers.
        reads_initial: Whether it reads the network's initial parameters.
        reads_labels: Whether it reads the classes of images.
        needs_hidden_layers: Whether it does nothing to a network without hidden layers.
        recordable: Whether a CUDA graph can hold it: nothing in it may wait for the host.
        least_batch: Images that a batch needs for it to mean anything.
        in_compiled_loop: Whether the compiled loop can take its gradient.
        weighs_distance_by: Name of the parameter w of a term w · ‖θ − θ₀‖², θ₀ the initial parameters; else empty.
    """

    reads_layers: ClassVar[bool] = False
    reads_initial: ClassVar[bool] = False
    reads_labels: ClassVar[bool] = False
    needs_hidden_layers: ClassVar[bool] = False
    recordable: ClassVar[bool] = False
    least_batch: ClassVar[int] = 1
    in_compiled_loop: ClassVar[bool] = False
    weighs_distance_by: ClassVar[str] = ""

    def check(self, network: NetworkView) -> None:
        """Refuse a network that this penalty means nothing for; called before the first step.

        Raises:
            PlasticityError: If it does not apply.
        """

    @abstractmethod
    def __call__(self, forward: Forward) -> Tensor:
        """Return the penalty's value, a differentiable scalar; histories hold its mean over an epoch."""
        raise NotImplementedError

    def term(self, value: Tensor) -> Tensor:
        """Return what is added to the cross-entropy, in nats; the value itself unless a penalty weighs it."""
        return value


def penalty_of(chosen: Chosen | None) -> Penalty | None:
    """Return the penalty that a training chooses, None where it chooses none.

    Raises:
        PlasticityError: If there is no such penalty, or its parameters are not what it expects.
    """
    return None if chosen is None or chosen.name == NONE else chosen.make(Penalty)


def value_of(penalty: Penalty, forward: Forward) -> Tensor:
    """Return a penalty's value of a forward pass.

    Raises:
        PlasticityError: If it is no scalar.
    """
    return _scalar(penalty(forward), title(penalty))


def term_of(penalty: Penalty, value: Tensor) -> Tensor:
    """Return what a penalty of this value adds to the cross-entropy.

    Raises:
        PlasticityError: If it is no scalar.
    """
    return _scalar(penalty.term(value), f"{title(penalty)}, term")


def _scalar(value: Any, called: str) -> Tensor:
    if not isinstance(value, Tensor) or value.dim():
        got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise PlasticityError(f"{called}: expected a tensor without dimensions, got {got}")
    return value
