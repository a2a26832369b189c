"""One agent of a stack as penalties, hooks and interventions see it."""

from collections.abc import Mapping, Sequence
from copy import copy

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier, head_names
from plasticity.models.units import Units
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.components import NO_INITIAL, NO_LAYERS
from plasticity.training.interventions.intervention import NetworkState
from plasticity.training.layer_watch import LayerWatch


class Architecture:
    """What all agents of a stack share.

    Attributes:
        network: A network of theirs on the CPU, whose weights nobody reads.
        watch: Collects its hidden layers.
        units: The units of each hidden layer.
    """

    def __init__(self, network: Classifier) -> None:
        self.network, self.watch, self.units = network, LayerWatch(network), network.units()


class AgentView:
    """The network of one agent, as it stands in the stack.

    Attributes:
        parameters: Its trained parameters by name.
        initial: Those that it began its life with; empty where nothing reads them.
        kept: What a penalty keeps from step to step.
        units: The units of each hidden layer.
    """

    def __init__(
        self, architecture: Architecture, parameters: Mapping[str, Tensor], initial_parameters: Mapping[str, Tensor]
    ) -> None:
        """Look at an agent.

        Args:
            architecture: That of the stack.
            parameters: Its parameters by name.
            initial_parameters: Its initial parameters.
        """
        self.parameters = parameters
        self.kept: dict[str, Tensor] = {}
        self.initial = initial_parameters
        self.units: Sequence[Units] = architecture.units
        self._architecture = architecture
        self._layers: Sequence[Tensor] | None = None

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> "AgentView":
        """Return the same agent with other tensors in the place of its parameters; what is kept is shared."""
        other = copy(self)
        other.parameters = parameters
        return other

    def see(self, layers: Sequence[Tensor] | None) -> None:
        """Take the outputs of hidden layers in a forward pass; None where nothing reads them."""
        self._layers = layers

    @property
    def initial_parameters(self) -> Mapping[str, Tensor]:
        """The parameters that the agent began its life with.

        Raises:
            PlasticityError: If no component said that it reads them.
        """
        if not self.initial:
            raise PlasticityError(NO_INITIAL)
        return self.initial

    @property
    def layers(self) -> Sequence[Tensor]:
        """Outputs of the hidden layers in the last forward pass.

        Raises:
            PlasticityError: If no component said that it reads them.
        """
        if self._layers is None:
            raise PlasticityError(NO_LAYERS)
        return self._layers

    def layers_of(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Return the outputs of the hidden layers for other inputs by other parameters."""
        with self._architecture.watch.collecting([]) as layers:
            functional_call(self._architecture.network, dict(parameters), (inputs,))
        return layers

    def fresh_parameters(self, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Return the parameters of a freshly initialised network; the CPU draws for all devices."""
        network = self._architecture.network
        network.initialise(generator)
        return {name: p.detach().to(self.parameters[name].device, copy=True) for name, p in network.named_parameters()}


class AgentSlots:
    """What an optimizer keeps of one agent of a stack; counts of steps are shared."""

    def __init__(self, optimizer: BoundOptimiser, place: int) -> None:
        self._optimizer, self._place = optimizer, place

    def slots_of(self, name: str) -> Mapping[str, Tensor]:
        """Return what is kept of a parameter, by slot, to be changed in place."""
        kept = self._optimizer.slots_of(name)
        return {slot: value[self._place] if value.dim() else value for slot, value in kept.items()}


def state_of(agent: AgentView, slots: AgentSlots, fresh: Classifier) -> NetworkState:
    """Return an agent as interventions see it, as copies.

    Args:
        agent: The agent.
        slots: What the optimizer keeps of it.
        fresh: A freshly initialised network.
    """
    return NetworkState(
        weights={name: _array(value) for name, value in agent.parameters.items()},
        fresh={name: _array(value) for name, value in fresh.named_parameters()},
        head=head_names(fresh),
        optimizer={
            name: {slot: _array(value) for slot, value in slots.slots_of(name).items()} for name in agent.parameters
        },
        initial={name: _array(value) for name, value in agent.initial.items()},
    )


@torch.no_grad()
def put_state(agent: AgentView, slots: AgentSlots, state: NetworkState) -> None:
    """Overwrite an agent in place; what its optimizer's state leaves out is forgotten."""
    for mine, given in ((agent.parameters, state.weights), (agent.initial, state.initial)):
        for name, value in mine.items():
            value.copy_(torch.from_numpy(given[name]))
    for name in agent.parameters:
        given = state.optimizer.get(name, {})
        for slot, value in slots.slots_of(name).items():
            value.copy_(torch.from_numpy(given[slot])) if slot in given else value.zero_()


def _array(value: Tensor) -> NDArray:
    return value.detach().cpu().numpy().copy()
