"""One agent of a stack as penalties, hooks and interventions see it: its weights, and what the optimizer keeps."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property

import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier, head_names
from plasticity.models.units import Units
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.forward import Forward, NetworkView
from plasticity.training.interventions.intervention import NetworkState


class AgentView:
    """The network of one agent, for components that read weights alone.

    Attributes:
        parameters: Its trained parameters by name.
        initial_parameters: Those that it began its life with; empty where nothing reads them.
        kept: What a penalty keeps from step to step.
    """

    def __init__(
        self, network: Classifier, parameters: Mapping[str, Tensor], initial_parameters: Mapping[str, Tensor]
    ) -> None:
        """Look at an agent.

        Args:
            network: A network of its architecture, whose weights nobody reads.
            parameters: Its parameters by name.
            initial_parameters: Its initial parameters.
        """
        self.parameters = parameters
        self.initial_parameters = initial_parameters
        self.kept: dict[str, Tensor] = {}
        self._network = network

    @property
    def layers(self) -> Sequence[Tensor]:
        """Refuse: the hidden layers of agents are not kept.

        Raises:
            PlasticityError: Always.
        """
        raise PlasticityError("agents: expected a component that reads weights alone, got one that reads hidden layers")

    @property
    def units(self) -> Sequence[Units]:
        """The units of each hidden layer."""
        return self._network.units()

    def layers_of(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Refuse, as `layers`."""
        del inputs, parameters
        return self.layers

    def fresh_parameters(self, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Return the parameters of a freshly initialised network; the CPU draws for all devices."""
        self._spare.initialise(generator)
        return {name: p.detach().to(self.parameters[name].device) for name, p in self._spare.named_parameters()}

    @cached_property
    def _spare(self) -> Classifier:
        return deepcopy(self._network).to("cpu")


class AgentSlots:
    """What an optimizer keeps of one agent of a stack; counts of steps are shared."""

    def __init__(self, optimizer: BoundOptimiser, place: int) -> None:
        self._optimizer, self._place = optimizer, place

    def slots_of(self, name: str) -> Mapping[str, Tensor]:
        """Return what is kept of a parameter, by slot, to be changed in place."""
        kept = self._optimizer.slots_of(name)
        return {slot: value[self._place] if value.dim() else value for slot, value in kept.items()}


def weights_alone(network: NetworkView) -> Forward:
    """Return a forward pass for components that read nothing but weights of it."""
    nothing = torch.empty(0)
    return Forward(nothing, nothing, nothing, network, nothing)


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
        initial={name: _array(value) for name, value in agent.initial_parameters.items()},
    )


@torch.no_grad()
def put_state(agent: AgentView, slots: AgentSlots, state: NetworkState) -> None:
    """Overwrite an agent in place; what its optimizer's state leaves out is forgotten."""
    for mine, given in ((agent.parameters, state.weights), (agent.initial_parameters, state.initial)):
        for name, value in mine.items():
            value.copy_(torch.from_numpy(given[name]))
    for name in agent.parameters:
        given = state.optimizer.get(name, {})
        for slot, value in slots.slots_of(name).items():
            value.copy_(torch.from_numpy(given[slot])) if slot in given else value.zero_()


def _array(value: Tensor) -> NDArray:
    return value.detach().cpu().numpy().copy()
