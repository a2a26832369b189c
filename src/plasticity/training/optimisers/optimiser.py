"""What every optimiser is: a rule from gradients to new weights, with what it keeps of each weight."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from plasticity.config.component import Component
from plasticity.errors import PlasticityError

STEPS = "step"
"""Slot that counts the steps of a parameter: a single number, on the CPU unless a fused kernel reads it."""

kernels: Any = torch  # the operations on lists of tensors, which torch.optim uses as well, have no types


@dataclass(frozen=True)
class Update:
    """One step, as a rule sees it: lists of the same length, one entry per parameter that has a gradient.

    Attributes:
        parameters: What is trained; the rule changes it in place.
        gradients: Of the loss, in the parameters' shapes; the rule leaves them as they are.
        slots: The tensors that the rule keeps, by slot; zero before a parameter's first step, changed in place.
        first: Whether this is a parameter's first step.
        learning_rate: Step size of this step.
        momentum: Of the training section; 0 for rules without.
        weight_decay: Of the training section.
        fused: Whether one kernel shall update all tensors.
        names: Names of the parameters.
        stacked: Whether each holds a stack of networks' parameters: weights (R, in, out), biases (R, out).
    """

    parameters: Sequence[Tensor]
    gradients: Sequence[Tensor]
    slots: Mapping[str, Sequence[Tensor]]
    first: Sequence[bool]
    learning_rate: float
    momentum: float
    weight_decay: float
    fused: bool = False
    names: Sequence[str] = ()
    stacked: bool = False

    def part(self, places: Sequence[int], learning_rate: float) -> "Update":
        """Return the step of some of the parameters, with a step size of its own."""
        return replace(
            self,
            parameters=[self.parameters[place] for place in places],
            gradients=[self.gradients[place] for place in places],
            slots={slot: [kept[place] for place in places] for slot, kept in self.slots.items()},
            first=[self.first[place] for place in places],
            names=[self.names[place] for place in places],
            learning_rate=learning_rate,
        )

    def decayed(self) -> Sequence[Tensor]:
        """Return the gradients with weight decay as an L2 penalty, g + λ·θ."""
        if not self.weight_decay:
            return self.gradients
        return kernels._foreach_add(self.gradients, self.parameters, alpha=self.weight_decay)


class Optimiser(Component, kind="optimizer"):
    """Base class: an optimiser's own parameters and its rule; what changes from step to step lies in the slots.

    Attributes:
        has_momentum: Whether the training section's `momentum` means something to it.
        plain_without_momentum: Whether it keeps no state without one.
        needs_hidden_layers: Whether it treats weights between hidden layers in a way of their own.
        recordable: Whether a CUDA graph can hold its step: nothing in it may be decided on the host.
        fusable: Whether it has a fused kernel.
        in_compiled_loop: Whether the compiled loop takes its steps, those without momentum.
        by_element: Whether it changes each number of a weight by itself, so that it may train a stack of networks.
    """

    has_momentum: ClassVar[bool] = False
    plain_without_momentum: ClassVar[bool] = False
    needs_hidden_layers: ClassVar[bool] = False
    recordable: ClassVar[bool] = False
    in_compiled_loop: ClassVar[bool] = False
    by_element: ClassVar[bool] = False

    @property
    def fusable(self) -> bool:
        """Whether it has a fused kernel, which updates all tensors at once and may round otherwise."""
        return False

    def slots(self, momentum: float) -> tuple[str, ...]:
        """Return the names of what is kept of every parameter: tensors of its shape, or its count of `STEPS`."""
        del momentum
        return ()

    @abstractmethod
    def update(self, step: Update) -> None:
        """Change the parameters and the slots of one step, in place."""
        raise NotImplementedError

    def check(self, momentum: float) -> None:
        """Refuse a momentum that this optimiser has no use for.

        Raises:
            PlasticityError: If there is one.
        """
        if momentum and not self.has_momentum:
            raise PlasticityError(
                f"momentum: expected 0 with the optimizer {self.name}, which has none, got {momentum:g}"
            )
