"""What every step hook is: it acts on weights and optimizer state after each step of a training."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from plasticity.config.component import Component
from plasticity.errors import PlasticityError
from plasticity.seeding import torch_generator
from plasticity.training.forward import Forward, NetworkView
from plasticity.training.online.kernel_arrays import Noise, Utilities


class Slots(Protocol):
    """An optimizer, as far as a hook sees it."""

    def slots_of(self, name: str) -> Mapping[str, Tensor]:
        """Return what is kept of a parameter, by slot, to be changed in place: zeroed rows forget their units."""
        ...


@dataclass
class HookContext:
    """One network in training, as a hook sees it.

    Attributes:
        network: Its parameters by name, which the hook may change in place, and fresh ones.
        optimizer: What the optimizer keeps of each parameter; empty before the first step.
        seed: The run's seed.
        purpose: Names the hook's streams of random numbers.
        state: What the hook keeps from step to step: tensors of one shape each, saved for resuming and put back on
            the network's device.
        step: Number of the step, from 1; 0 before the training.
    """

    network: NetworkView
    optimizer: Slots
    seed: int
    purpose: str
    state: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    _forward: Forward | None = None

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The trained parameters by name."""
        return self.network.parameters

    @property
    def forward(self) -> Forward:
        """The forward pass of this step, from before its update.

        Raises:
            PlasticityError: If no step has been taken.
        """
        if self._forward is None:
            raise PlasticityError("hook: expected to read the forward pass after a step, got no step yet")
        return self._forward

    def generator(self, what: str = "noise") -> torch.Generator:
        """Return this step's generator of random numbers on the CPU.

        It is a function of seed, purpose and step, so that a resumed training draws the same.
        """
        return torch_generator(self.seed, f"{self.purpose}/{what}", self.step)

    def take_step(self, forward: Forward) -> None:
        """Count a step."""
        self.step += 1
        self._forward = forward


class Steps(Protocol):
    """Steps that the compiled loop took, each on one image."""

    def images(self, most: int) -> Tensor:
        """Return the last of their images (B, D), at most so many."""
        ...


class StepHook(Component, kind="hook"):
    """Base class.

    Attributes:
        reads_layers: Whether it reads the outputs of hidden layers.
        reads_initial: Whether it reads the network's initial parameters.
        reads_labels: Whether it reads the classes of images.
        needs_hidden_layers: Whether it does nothing to a network without hidden layers.
        renews_units: Whether it renews hidden units one by one, for networks that name theirs.
        activations: Nonlinearities whose units it is for; all if there is none.
        in_stretches: Whether the compiled loop can take the steps between two of its actions.
        shrinks_by: Name of its parameter that multiplies all parameters of the network in every step; empty for none.
    """

    in_stretches: ClassVar[bool] = False
    shrinks_by: ClassVar[str] = ""
    renews_units: ClassVar[bool] = False
    activations: ClassVar[tuple[str, ...]] = ()
    reads_layers: ClassVar[bool] = False
    reads_initial: ClassVar[bool] = False
    reads_labels: ClassVar[bool] = False
    needs_hidden_layers: ClassVar[bool] = False

    def check(self, network: NetworkView) -> None:
        """Refuse a network that this hook means nothing for; called before the first step.

        Raises:
            PlasticityError: If it does not apply.
        """

    def before_training(self, context: HookContext) -> None:
        """Act before the first step; a training that continues does not begin again."""

    @abstractmethod
    def after_step(self, context: HookContext) -> None:
        """Act after a step's update, without gradients."""
        raise NotImplementedError

    def stretch(self, context: HookContext) -> int:
        """Return the steps from here to its next action, or some that are not too many, of a hook `in_stretches`."""
        raise NotImplementedError

    def compiled(self, context: HookContext) -> Utilities | Noise | None:
        """Return what the compiled loop does for it in every step; what is counted lies in the memory of its state."""
        return None

    def after_stretch(self, context: HookContext, steps: Steps) -> None:
        """Act after a stretch of steps, without gradients and without forward passes, in place of `after_step`."""
        raise NotImplementedError
