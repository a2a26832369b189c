"""Penalties, hooks and interventions on a stack of agents: each agent as if it were alone.

A stack has no forward pass of a single agent that components could read, so that it takes those that read weights
alone: their classes say `of_weights`.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy

from torch import Tensor

from plasticity.config.agent_section import QLearning
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.seeding import torch_generator
from plasticity.training.agents.agent_view import AgentSlots, AgentView, put_state, state_of, weights_alone
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.components import title
from plasticity.training.interventions.intervention import Intervention, intervened
from plasticity.training.penalties.penalty import penalty_of, term_of, value_of
from plasticity.training.step_hooks import StepHooks, hooks_of


class AgentMethods:
    """The methods of a configuration at work on R agents.

    Attributes:
        initial: The weights that the agents began their lives with, (R, ...) by name; empty where nothing reads them.
    """

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
            PlasticityError: If a penalty or a hook reads more than weights.
        """
        self._network, self._seeds = deepcopy(network).to("meta"), seeds
        self._penalty, hooks = penalty_of(learning.penalty), hooks_of(learning.hooks)
        components = (*hooks, *([self._penalty] if self._penalty else []))
        for each in components:
            if not getattr(each, "of_weights", False):
                raise PlasticityError(f"{title(each)}: expected a component that reads weights alone, with agents")
        reads_initial = any(each.reads_initial for each in components)
        self.initial = {name: value.clone() for name, value in weights.items()} if reads_initial else {}
        self._fresh = deepcopy(network).to("cpu")
        self._agents, self._slots = [], []
        for place in range(len(seeds)):
            parameters, initial = ({n: v[place] for n, v in kept.items()} for kept in (weights, self.initial))
            self._agents.append(AgentView(self._fresh, parameters, initial))
            self._slots.append(AgentSlots(optimizer, place))
        pairs = zip(self._agents, self._slots, strict=True)
        self._hooks = [StepHooks(hooks, agent, slots) for agent, slots in pairs] if hooks else []
        if self._penalty is not None:
            self._penalty.check(self._agents[0])
        self._begin()

    def penalty_term(self, weights: Mapping[str, Tensor], initial: Mapping[str, Tensor]) -> Tensor | None:
        """Return what the penalty adds to one agent's loss; None without a penalty."""
        if self._penalty is None:
            return None
        view = AgentView(self._network, weights, initial)
        return term_of(self._penalty, value_of(self._penalty, weights_alone(view)))

    def after_step(self) -> None:
        """Let the hooks act after an update of all agents."""
        for agent, hooks in zip(self._agents, self._hooks, strict=False):
            hooks.after_step(weights_alone(agent))

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
            if after.reborn and self._hooks:
                self._hooks[place].reset()
        self._begin()

    def state(self) -> dict[str, Tensor]:
        """Return what the methods keep."""
        kept = {f"initial/{name}": value for name, value in self.initial.items()}
        for place, hooks in enumerate(self._hooks):
            kept |= {f"hooks{place}/{name}": value for name, value in hooks.state().items()}
        return kept

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep what a state says."""
        for name, value in self.initial.items():
            value.copy_(state[f"initial/{name}"])
        for place, hooks in enumerate(self._hooks):
            mine = f"hooks{place}/"
            hooks.load({name.removeprefix(mine): value for name, value in state.items() if name.startswith(mine)})
        self._begin()

    def _begin(self) -> None:
        for seed, hooks in zip(self._seeds, self._hooks, strict=False):
            hooks.begin(seed, "agents")
