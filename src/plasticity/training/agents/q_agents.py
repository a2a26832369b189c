"""Agents that act in block MDPs and learn from what they remember, all seeds of a configuration at once."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.config.agent_section import QLearning
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.seeding import numpy_generator
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.agent_methods import AgentMethods
from plasticity.training.agents.q_values import QValues
from plasticity.training.agents.random_walk import RandomWalk
from plasticity.training.agents.replay import Replay, Transitions
from plasticity.training.agents.stacked_network import StackedNetwork
from plasticity.training.agents.state_parts import part_of
from plasticity.training.agents.target_values import TargetValues
from plasticity.training.bound_optimiser import BoundOptimiser, optimiser_of
from plasticity.training.interventions.intervention import Intervention
from plasticity.training.subnormals import subnormals_as_zero


@dataclass(frozen=True)
class Period:
    """What agents did between two target networks.

    Attributes:
        reward: Mean reward per step of each agent, float64 (R,).
        right: Share of right actions, the greedy and the random ones, float64 (R,).
        loss: Mean loss of the updates without a penalty, float64 (R,); NaN without any.
    """

    reward: NDArray[np.float64]
    right: NDArray[np.float64]
    loss: NDArray[np.float64]


class QAgents:
    """R agents of one configuration, each with its own seed, process, memory and network.

    A period, from one target network to the next, draws from generators of its own number: agents that are loaded at
    its beginning do what they would have done without a stop, and each does the same in whichever stack it trains.
    """

    def __init__(
        self,
        networks: Sequence[Classifier],
        processes: Sequence[BlockMdp],
        images: Tensor,
        learning: QLearning,
        seeds: Sequence[int],
    ) -> None:
        """Begin.

        Args:
            networks: Freshly drawn networks of one architecture, on the images' device, in the order of the seeds.
            processes: What each acts in.
            images: What the processes' rows stand for, as the networks take them, (N, C, H, W).
            learning: How they learn.
            seeds: Of the agents.

        Raises:
            PlasticityError: If the optimizer looks at whole matrices, which would mix the agents, or a network keeps
                running statistics.
        """
        self.learning = learning
        self.processes = processes
        self.seeds = seeds
        self.periods = 0
        self.weights = {
            name: torch.stack([dict(network.named_parameters())[name].detach() for network in networks])
            for name, _ in networks[0].named_parameters()
        }
        self.target = {name: value.clone() for name, value in self.weights.items()}
        rule = optimiser_of(learning.optimizer)
        if not rule.by_element:
            got = rule.name or type(rule).__name__
            raise PlasticityError(f"agents: expected an elementwise optimizer, got {got}")
        self.optimizer = BoundOptimiser(
            rule,
            self.weights,
            learning_rate=learning.learning_rate,
            weight_decay=learning.weight_decay,
            fused=True,  # else Adam of a stack takes nearly half of the time
        )
        self.replay = Replay(len(seeds), learning.replay)
        self._images = images
        self._values = QValues(networks[0], processes[0].num_classes, learning)
        self._target_values = TargetValues(self._values, processes, images, learning)
        self._methods = AgentMethods(networks[0], self.weights, self.optimizer, learning, seeds)
        self._walk = RandomWalk(self.weights, seeds) if learning.brownian else None
        self._network = StackedNetwork(networks[0])
        self._leaves = {name: value.detach().requires_grad_() for name, value in self.weights.items()}  # same memory
        self._right = torch.from_numpy(np.stack([process.right for process in processes])).to(images.device)
        self._rows = np.array(
            [p.first(numpy_generator(s, "agents/first")) for p, s in zip(processes, seeds, strict=True)]
        )

    @subnormals_as_zero()
    def run_period(self) -> Period:
        """Act and learn for `target_period` steps; then the trained networks become the targets."""
        self.periods += 1
        self._target_values.begin(self.target)
        if self._walk is not None:
            self._walk.begin(self.periods)
        generators = [numpy_generator(seed, "agents/period", self.periods) for seed in self.seeds]
        steps = self.learning.target_period
        rewards, hits = np.zeros((steps, len(self.seeds))), np.zeros((steps, len(self.seeds)))
        losses = []
        for step in range(steps):
            rewards[step], hits[step] = self._act(generators)
            if len(self.replay) >= min(self.learning.batch_size, self.learning.replay):
                losses.append(self._learn(generators))
        for name, value in self.weights.items():
            self.target[name].copy_(value)
        loss = torch.stack(losses).double().mean(0).cpu().numpy() if losses else np.full(len(self.seeds), np.nan)
        return Period(rewards.mean(0), hits.mean(0), loss)

    def intervene(self, intervention: Intervention) -> None:
        """Change the trained networks between two periods; the target networks stay what they are."""
        self._methods.intervene(intervention, self.periods)

    def network_of(self, place: int) -> dict[str, NDArray]:
        """Return the weights of one trained network, or of the one that walks beside it, for a checkpoint."""
        kept = self.weights if self._walk is None else self._walk.weights
        return {name: value[place].detach().cpu().numpy().copy() for name, value in kept.items()}

    def finite(self) -> NDArray[np.bool_]:
        """Say of each agent whether all of its weights are finite, (R,)."""
        found = [value.isfinite().flatten(1).all(1) for value in self.weights.values()]
        return torch.stack(found).all(0).cpu().numpy()

    def state(self) -> dict[str, Tensor]:
        """Return all that the next period depends on."""
        arrays = {f"replay/{name}": value for name, value in self.replay.state().items()}
        arrays |= {"rows": self._rows, "periods": np.array(self.periods)}
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}
        for part, kept in self._parts().items():
            tensors |= {f"{part}/{name}": value.detach().clone().cpu() for name, value in kept.items()}
        return tensors

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a state."""
        for part in ("weights", "target", "walk"):
            found = part_of(state, part)
            for name, value in self._parts()[part].items():
                value.copy_(found[name])
        self.optimizer.load(part_of(state, "optimizer"))
        self._methods.load(part_of(state, "methods"))
        self.replay.load({name: value.numpy() for name, value in part_of(state, "replay").items()})
        self._rows = state["rows"].numpy().copy()
        self.periods = int(state["periods"])

    def _parts(self) -> dict[str, Mapping[str, Tensor]]:
        return {
            "weights": self.weights,
            "target": self.target,
            "walk": {} if self._walk is None else self._walk.weights,
            "optimizer": self.optimizer.state(),
            "methods": self._methods.state(),
        }

    def _act(self, generators: Sequence[np.random.Generator]) -> tuple[NDArray, NDArray]:
        """Take one step of every agent; return rewards and whether the actions were right, (R,)."""
        with torch.no_grad():
            seen = self._images[torch.from_numpy(self._rows).to(self._images.device)]
            greedy = self._values.stacked_values(self.weights, seen[:, None])[:, 0].argmax(1).cpu().numpy()
        actions = np.array([self._explored(int(a), g) for a, g in zip(greedy, generators, strict=True)])
        moves = zip(self.processes, self._rows, actions, generators, strict=True)
        outcomes = [process.step(int(row), int(action), generator) for process, row, action, generator in moves]
        rewards, following = (np.array(part) for part in zip(*outcomes, strict=True))
        hits = np.array([p.right[row] for p, row in zip(self.processes, self._rows, strict=True)]) == actions
        self.replay.add(self._rows, actions, rewards, following)
        self._rows = following
        return rewards, hits

    def _explored(self, greedy: int, generator: np.random.Generator) -> int:
        if generator.random() < self.learning.exploration:
            return int(generator.integers(self.processes[0].num_classes))
        return greedy

    def _learn(self, generators: Sequence[np.random.Generator]) -> Tensor:
        """Take one update of every agent; return its loss before it, (R,)."""
        drawn = self.replay.sample(generators, self.learning.batch_size)
        device = self._images.device
        rows, actions = (torch.from_numpy(part).to(device) for part in (drawn.rows, drawn.actions))
        seen, labels = self._images[rows], self._right.gather(1, rows)
        passed = self._network(self._leaves, seen)
        losses = self._values.losses(passed.outputs, actions, self._aims(drawn))
        # As none shares a weight with another, each agent gets its own gradient of the sum of their losses.
        term = self._methods.penalty_term(self._leaves, passed, seen, labels)
        loss = losses.sum() if term is None else losses.sum() + term
        found = torch.autograd.grad(loss, list(self._leaves.values()), materialize_grads=True)
        with nullcontext() if self._walk is None else self._walk.beside(self.weights):
            self.optimizer.step([gradient.contiguous() for gradient in found])  # as a fused kernel reads it
        self._methods.after_step(passed, seen, labels)
        return losses.detach()

    @torch.no_grad()
    def _aims(self, drawn: Transitions) -> Tensor:
        """Return r + γ · max Q_target(s', a'), (R, B) (Mnih et al. 2015, algorithm 1); "double" chooses a' by Q."""
        following = torch.from_numpy(drawn.next_rows).to(self._images.device)
        values = self._target_values.of(self.target, following)
        chooser = values
        if self.learning.double:
            chooser = self._values.stacked_values(self.weights, self._images[following])
        best = values.gather(2, chooser.argmax(2, keepdim=True))[..., 0]
        return torch.from_numpy(drawn.rewards).to(best) + self.learning.discount * best
