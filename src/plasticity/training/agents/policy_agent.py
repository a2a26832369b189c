"""An agent with a policy: an actor and a critic that learn by proximal policy optimisation (Schulman et al. 2017)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from plasticity.config.locomotion_section import PolicyLearning
from plasticity.models.classifier import Classifier
from plasticity.seeding import numpy_generator
from plasticity.training.agents.acting import outputs_one_by_one
from plasticity.training.agents.advantages import advantages_of, standardised
from plasticity.training.agents.rollout import Environment, Episode, Rollout, roll_out
from plasticity.training.agents.state_parts import part_of
from plasticity.training.agents.trained_network import TrainedNetwork
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.optimisers.adam import Adam
from plasticity.training.optimisers.optimiser import Optimiser
from plasticity.training.subnormals import subnormals_as_zero


@dataclass(frozen=True)
class Losses:
    """Means over the gradient steps of an update: clipped objective, times −1, and squared error of the values."""

    policy: float
    value: float


class PolicyAgent:
    """An agent whose actions are normal around the actor's outputs, with one standard deviation in all states.

    One optimizer trains actor, critic and the logarithm of the standard deviation. An update draws from generators of
    its own number, so that an agent that is loaded after any update does what it would have done without a stop.

    Attributes:
        learning: How it learns.
        seed: Of the agent.
        updates: Updates so far.
        log_std: Logarithm of the standard deviation of each action (A,).
    """

    def __init__(self, actor: Classifier, critic: Classifier, learning: PolicyLearning, seed: int) -> None:
        """Begin.

        Args:
            actor: A freshly drawn network on the CPU with an output per action, for observations (B, 1, 1, D).
            critic: The same with one output, the value of the state.
            learning: How it learns.
            seed: Of the agent.

        Raises:
            PlasticityError: If the optimizer or a method does not apply to the networks.
        """
        self.learning, self.seed, self.updates = learning, seed, 0
        self.log_std = torch.full((actor.head.out_features,), learning.log_std, requires_grad=True)
        named = {f"actor.{name}": value for name, value in actor.named_parameters()}
        named |= {f"critic.{name}": value for name, value in critic.named_parameters()}
        rule = Adam() if learning.optimizer is None else learning.optimizer.make(Optimiser)
        self.optimizer = BoundOptimiser(
            rule,
            {**named, "log_std": self.log_std},
            learning_rate=learning.learning_rate,
            weight_decay=learning.weight_decay,
        )
        self.actor = TrainedNetwork("actor", actor, self.optimizer, learning)
        self.critic = TrainedNetwork("critic", critic, self.optimizer, learning)
        self._mean = outputs_one_by_one(actor)
        self._episode = Episode()
        self._begin()

    def act(self, environment: Environment) -> Rollout:
        """Return the steps up to the next update."""
        shape = (self.learning.rollout, len(self.log_std))
        noise = numpy_generator(self.seed, "locomotion/noise", self.updates).standard_normal(shape, dtype="float32")
        noise *= self.log_std.detach().exp().numpy()
        return roll_out(environment, self._mean, noise, self._episode)

    @subnormals_as_zero()
    def learn(self, rollout: Rollout) -> Losses:
        """Update both networks by the steps of a rollout."""
        steps = self._with_advantages(rollout)
        generator = numpy_generator(self.seed, "locomotion/order", self.updates)
        self.updates += 1
        losses = []
        for _ in range(self.learning.epochs):
            order = torch.from_numpy(generator.permutation(self.learning.rollout))
            for rows in order.split(self.learning.batch_size):
                losses.append(self._step(steps.at(rows)))
        policy, value = torch.stack(losses).mean(0, dtype=torch.float64).tolist()
        return Losses(policy, value)

    def finite(self) -> bool:
        """Say whether every weight is a finite number."""
        return all(bool(torch.isfinite(value).all()) for value in self.optimizer.parameters.values())

    def weights(self) -> dict[str, Tensor]:
        """Return all that is trained, by the optimizer's names."""
        return {name: value.detach() for name, value in self.optimizer.parameters.items()}

    def state(self) -> dict[str, Tensor]:
        """Return all that the agent needs to continue as if it had not stopped, as copies."""
        counts = [self.updates, self._episode.steps, self._episode.reward]
        kept = {"log_std": self.log_std.detach(), "counts": torch.tensor(counts, dtype=torch.float64)}
        for part in (self.actor, self.critic):
            kept |= {f"{part.name}/{name}": value for name, value in part.state().items()}
        kept |= {f"optimizer/{name}": value for name, value in self.optimizer.state().items()}
        return {name: value.clone() for name, value in kept.items()}

    @torch.no_grad()
    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a state."""
        self.log_std.copy_(state["log_std"])
        updates, steps, reward = state["counts"].tolist()
        self.updates, self._episode = int(updates), Episode(reward, int(steps))
        for part in (self.actor, self.critic):
            part.load(part_of(state, part.name))
        self.optimizer.load(part_of(state, "optimizer"))
        self._begin()

    def _begin(self) -> None:
        for part in (self.actor, self.critic):
            part.begin(self.seed)

    @torch.no_grad()
    def _with_advantages(self, rollout: Rollout) -> "PolicyBatch":
        """Return the steps with the probabilities of their actions, advantages and returns."""
        seen = torch.from_numpy(rollout.observations)[:, None, None]
        values = self.critic.outputs(torch.cat([seen, torch.from_numpy(rollout.last).view(1, 1, 1, -1)]))[:, 0]
        known = values.double().numpy()
        gained = advantages_of(rollout.rewards, known, rollout.ended, self.learning.discount, self.learning.trace)
        actions = torch.from_numpy(rollout.actions)
        return PolicyBatch(
            seen,
            actions,
            log_probability(actions, self.actor.outputs(seen), self.log_std),
            torch.from_numpy(standardised(gained)).float(),
            torch.from_numpy(gained + known[:-1]).float(),
        )

    def _step(self, batch: "PolicyBatch") -> Tensor:
        """Take a gradient step on a batch; return the two losses."""
        self.optimizer.zero_grad()
        now = log_probability(batch.actions, self.actor.outputs(batch.observations), self.log_std)
        policy = -clipped_objective(now - batch.log_probabilities, batch.advantages, self.learning.clip)
        value = (batch.returns - self.critic.outputs(batch.observations)[:, 0]).square().mean()
        loss = policy + self.learning.value_weight * value
        self.critic.penalised(self.actor.penalised(loss)).backward()
        self.optimizer.step()
        for part in (self.actor, self.critic):
            part.after_step()
        return torch.stack([policy.detach(), value.detach()])


@dataclass(frozen=True)
class PolicyBatch:
    """Steps that an agent learns from.

    Attributes:
        observations: (B, 1, 1, D).
        actions: (B, A).
        log_probabilities: Of these actions, by the policy that chose them (B,).
        advantages: Standardised over the rollout (B,).
        returns: What the critic learns to predict (B,).
    """

    observations: Tensor
    actions: Tensor
    log_probabilities: Tensor
    advantages: Tensor
    returns: Tensor

    def at(self, rows: Tensor) -> "PolicyBatch":
        """Return some of the steps."""
        kept = (self.observations, self.actions, self.log_probabilities, self.advantages, self.returns)
        return PolicyBatch(*(each[rows] for each in kept))


def log_probability(actions: Tensor, means: Tensor, log_std: Tensor) -> Tensor:
    """Return ln of the density (B,) of actions (B, A), independent and normal around their means (B, A)."""
    errors = (actions - means) * (-log_std).exp()
    return -(errors.square() / 2 + log_std + math.log(2 * math.pi) / 2).sum(1)


def clipped_objective(log_ratios: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """Return the mean of min(r·A, clip(r, 1 ± ε)·A) (Schulman et al. 2017, equation 7), r the ratio (B,)."""
    ratios = log_ratios.exp()
    return torch.minimum(ratios * advantages, ratios.clamp(1 - clip, 1 + clip) * advantages).mean()
