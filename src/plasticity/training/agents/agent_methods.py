"""Penalties, hooks and interventions on a stack of agents: each agent as if it were alone."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor

from plasticity.config.agent_section import QLearning
from plasticity.models.classifier import Classifier
from plasticity.seeding import torch_generator
from plasticity.training.agents.agent_view import AgentSlots, AgentView, Architecture, put_state, state_of
from plasticity.training.agents.q_values import QValues
from plasticity.training.agents.stacked_network import StackedPass
from plasticity.training.agents.state_parts import part_of
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.forward import Forward
from plasticity.training.interventions.intervention import Intervention, intervened
from plasticity.training.penalties.penalty import penalty_of, term_of, value_of
from plasticity.training.step_hooks import StepHooks, hooks_of


class AgentMethods:
    """The methods of a configuration at work on R agents."""

    def __init__(
        self,
        network: Classifier,
        weights: Mapping[str, Tensor],
        optimizer: BoundOptimiser,
        learning: QLearning,
        seeds: Sequence[int],
    ) -> None:
        """Begin.

        Args:
            network: A network of the agents' architecture.
            weights: Their stacked weights, (R, ...) by name, which methods change in place.
            optimizer: Their optimizer.
            learning: Penalty and hooks.
            seeds: Of the agents.

        Raises:
            PlasticityError: If a penalty or a hook does not apply to the network.
        """
        self._seeds = seeds
        self._penalty, hooks = penalty_of(learning.penalty), hooks_of(learning.hooks)
        components = (*hooks, *([self._penalty] if self._penalty else []))
        reads_initial = any(each.reads_initial for each in components)
        self._reads_layers = any(each.reads_layers for each in components)
        self._initial = {name: value.clone() for name, value in weights.items()} if reads_initial else {}
        self._fresh = deepcopy(network).to("cpu")
        architecture, places = Architecture(self._fresh), range(len(seeds))
        self._agents = [AgentView(architecture, _at(weights, p), _at(self._initial, p)) for p in places]
        self._classes = QValues.actions(network.head.out_features, learning)
        self._slots = [AgentSlots(optimizer, place) for place in places]
        pairs = zip(self._agents, self._slots, strict=True)
        self._hooks = [StepHooks(hooks, agent, slots) for agent, slots in pairs] if hooks else []
        if self._penalty is not None:
            self._penalty.check(self._agents[0])
        self._begin()

    def penalty_term(
        self, weights: Mapping[str, Tensor], passed: StackedPass, images: Tensor, labels: Tensor
    ) -> Tensor | None:
        """Return what the penalty adds to the sum of the agents' losses; None without a penalty.

        Args:
            weights: Stacked weights, with gradients.
            passed: The forward pass.
            images: What it read, (R, B, ...).
            labels: Right actions, (R, B), which stand for classes.
        """
        if self._penalty is None:
            return None
        each = {name: value.unbind() for name, value in weights.items()}
        views = [agent.with_parameters(_at(each, place)) for place, agent in enumerate(self._agents)]
        forwards = self._forwards(views, passed, images, labels)
        return torch.stack([term_of(self._penalty, value_of(self._penalty, forward)) for forward in forwards]).sum()

    def after_step(self, passed: StackedPass, images: Tensor, labels: Tensor) -> None:
        """Let the hooks act after an update of all agents; arguments as of `penalty_term`, from before the update."""
        if not self._hooks:
            return
        forwards = self._forwards(self._agents, passed.detached(), images, labels)
        for hooks, forward in zip(self._hooks, forwards, strict=True):
            hooks.after_step(forward)

    def intervene(self, intervention: Intervention, number: int) -> None:
        """Change the networks of all agents.

        Args:
            intervention: What is done.
            number: Which time it is, counted from 1; fresh weights derive from it.
        """
        for place, (seed, agent, slots) in enumerate(zip(self._seeds, self._agents, self._slots, strict=True)):
            self._fresh.initialise(torch_generator(seed, "agents/fresh", number))
            after = intervened(intervention, state_of(agent, slots, self._fresh))
            put_state(agent, slots, after)
            if after.reborn:
                agent.kept.clear()
                for hooks in self._hooks[place : place + 1]:
                    hooks.reset()
        self._begin()

    def state(self) -> dict[str, Tensor]:
        """Return what the methods keep."""
        kept = {f"initial/{name}": value for name, value in self._initial.items()}
        for prefix, part in self._kept():
            kept |= {f"{prefix}/{name}": value for name, value in part.items()}
        return kept

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep what a state says."""
        for name, value in self._initial.items():
            value.copy_(state[f"initial/{name}"])
        for place, agent in enumerate(self._agents):
            device = next(iter(agent.parameters.values())).device
            agent.kept.clear()
            kept = part_of(state, f"penalty{place}")
            agent.kept.update({name: value.to(device, copy=True) for name, value in kept.items()})
        for place, hooks in enumerate(self._hooks):
            hooks.load(part_of(state, f"hooks{place}"))
        self._begin()

    def _kept(self) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
        for place, agent in enumerate(self._agents):
            yield f"penalty{place}", agent.kept
        for place, hooks in enumerate(self._hooks):
            yield f"hooks{place}", hooks.state()

    def _forwards(
        self, views: Sequence[AgentView], passed: StackedPass, images: Tensor, labels: Tensor
    ) -> Iterator[Forward]:
        """Yield the forward pass of each agent."""
        for view, own, right, seen in zip(views, passed.single(), labels, images, strict=True):
            view.see(own.layers if self._reads_layers else None)
            yield Forward(own.features, own.outputs, right, view, seen, self._classes)

    def _begin(self) -> None:
        for seed, hooks in zip(self._seeds, self._hooks, strict=False):
            hooks.begin(seed, "agents")


def _at(stacked: Mapping[str, Sequence[Tensor] | Tensor], place: int) -> dict[str, Tensor]:
    return {name: value[place] for name, value in stacked.items()}
