"""What an agent lives through between two updates."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plasticity.training.agents.acting import Outputs

Floats = NDArray[np.float32]


class Environment(Protocol):
    """Anything that rewards actions, each a vector, in episodes."""

    @property
    def observation(self) -> NDArray[np.float64]:
        """The present observation (D,)."""
        ...

    def step(self, action: NDArray[np.float64]) -> tuple[float, bool]:
        """Return the reward of an action (A,), and whether the episode ended by it."""
        ...

    def next_episode(self) -> None:
        """Begin the next episode."""
        ...


@dataclass(frozen=True)
class Rollout:
    """T steps of an agent.

    Attributes:
        observations: What it saw before each step, float32 (T, D).
        actions: What it did, float32 (T, A).
        rewards: float64 (T,).
        ended: Whether the episode ended by the step (T,).
        last: What it saw after the last step, float32 (D,).
        returns: Sums of rewards of the episodes that ended, in their order.
        lengths: Their steps.
    """

    observations: Floats
    actions: Floats
    rewards: NDArray[np.float64]
    ended: NDArray[np.bool_]
    last: Floats
    returns: tuple[float, ...]
    lengths: tuple[int, ...]


@dataclass
class Episode:
    """The episode under way: its sum of rewards and its steps."""

    reward: float = 0.0
    steps: int = 0


def roll_out(environment: Environment, mean: Outputs, noise: Floats, episode: Episode) -> Rollout:
    """Act for some steps.

    Args:
        environment: Where.
        mean: The policy's mean action of an observation.
        noise: What is added to each mean action, float32 (T, A).
        episode: The episode under way, which is counted on.
    """
    steps, actions = len(noise), noise.copy()
    observations = np.empty((steps, len(environment.observation)), dtype=np.float32)
    rewards, ended = np.empty(steps), np.zeros(steps, dtype=bool)
    returns: list[float] = []
    lengths: list[int] = []
    last = environment.observation.astype(np.float32)
    for t in range(steps):
        observations[t] = last
        actions[t] += mean(observations[t])
        rewards[t], ended[t] = environment.step(actions[t])
        last = environment.observation.astype(np.float32)
        episode.reward += rewards[t]
        episode.steps += 1
        if ended[t]:
            returns.append(episode.reward)
            lengths.append(episode.steps)
            episode.reward, episode.steps = 0.0, 0
            environment.next_episode()
            last = environment.observation.astype(np.float32)
    return Rollout(observations, actions, rewards, ended, last, tuple(returns), tuple(lengths))
