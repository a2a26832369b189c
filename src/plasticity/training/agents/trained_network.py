"""A network that is one of several under one optimizer: its forward passes, penalty and hooks."""

from collections.abc import Mapping

import torch
from torch import Tensor

from plasticity.config.locomotion_section import PolicyLearning
from plasticity.models.classifier import Classifier
from plasticity.training.agents.state_parts import part_of
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.forward import Forward
from plasticity.training.model_view import ModelView
from plasticity.training.penalties.penalty import penalty_of, term_of, value_of
from plasticity.training.step_hooks import StepHooks, hooks_of

Tensors = Mapping[str, Tensor]


class TrainedNetwork:
    """A network of an agent at work.

    Attributes:
        name: What it is, such as "actor"; the optimizer's names of its parameters begin with it.
        network: The network.
    """

    def __init__(self, name: str, network: Classifier, optimizer: BoundOptimiser, learning: PolicyLearning) -> None:
        """Begin.

        Args:
            name: As above.
            network: A freshly drawn network.
            optimizer: The optimizer that trains it, among others.
            learning: Penalty and hooks.

        Raises:
            PlasticityError: If a method does not apply to the network.
        """
        self.name, self.network = name, network
        self._penalty, hooks = penalty_of(learning.penalty), hooks_of(learning.hooks)
        components = (*hooks, *([self._penalty] if self._penalty else []))
        self._view = ModelView(
            network,
            reads_layers=any(each.reads_layers for each in components),
            reads_initial=any(each.reads_initial for each in components),
        )
        if self._penalty is not None:
            self._penalty.check(self._view)
        self._hooks = StepHooks(hooks, self._view, _Slots(optimizer, name))
        self._hooked = bool(hooks)
        self._forward: Forward | None = None

    def begin(self, seed: int) -> None:
        """Begin or continue the life of a seed."""
        self._hooks.begin(seed, f"locomotion/{self.name}")

    def outputs(self, observations: Tensor) -> Tensor:
        """Return the outputs (B, A) for observations (B, 1, 1, D); penalty and hooks read this forward pass."""
        with self._view.watching():
            features = self.network.features(observations)
            outputs = self.network.head(features)
        no_class = torch.zeros(len(outputs), dtype=torch.int64)
        self._forward = Forward(features, outputs, no_class, self._view, observations)
        return outputs

    def penalised(self, loss: Tensor) -> Tensor:
        """Return a loss with the penalty of the last forward pass added to it."""
        if self._penalty is None or self._forward is None:
            return loss
        return loss + term_of(self._penalty, value_of(self._penalty, self._forward)).to(loss.dtype)

    def after_step(self) -> None:
        """Let the hooks act after an update of the weights."""
        if self._hooked and self._forward is not None:
            self._hooks.after_step(self._forward)

    def state(self) -> dict[str, Tensor]:
        """Return weights, what penalty and hooks keep, and the initial weights where they are read."""
        initial = self._view.initial_parameters if self._view.reads_initial else {}
        parts = {
            "weights": self._view.parameters,
            "initial": initial,
            "penalty": self._view.state(),
            "hooks": self._hooks.state(),
        }
        return {f"{part}/{name}": value.detach() for part, kept in parts.items() for name, value in kept.items()}

    @torch.no_grad()
    def load(self, state: Tensors) -> None:
        """Keep what a state says."""
        initial = self._view.initial_parameters if self._view.reads_initial else {}
        for part, mine in ("weights", self._view.parameters), ("initial", initial):
            for name, value in mine.items():
                value.copy_(state[f"{part}/{name}"])
        self._view.load(part_of(state, "penalty"))
        if self._hooked:
            self._hooks.load(part_of(state, "hooks"))


class _Slots:
    """What an optimizer of several networks keeps of one, by that one's own names."""

    def __init__(self, optimizer: BoundOptimiser, name: str) -> None:
        self._optimizer, self._name = optimizer, name

    def slots_of(self, name: str) -> Tensors:
        """Return what is kept of a parameter, by slot, to be changed in place."""
        return self._optimizer.slots_of(f"{self._name}.{name}")
