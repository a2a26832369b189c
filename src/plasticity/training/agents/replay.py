"""What agents remember: the last transitions of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Transitions:
    """Transitions of R agents, B of each.

    Attributes:
        rows: Rows of the images that were seen, int64 (R, B).
        actions: What was done, int64 (R, B).
        rewards: What it brought, float32 (R, B).
        next_rows: Rows of the images that came next, int64 (R, B).
    """

    rows: NDArray[np.int64]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    next_rows: NDArray[np.int64]


class Replay:
    """The last `capacity` transitions of R agents, which all have as many."""

    def __init__(self, agents: int, capacity: int) -> None:
        self._kept = {
            "rows": np.zeros((agents, capacity), np.int64),
            "actions": np.zeros((agents, capacity), np.int64),
            "rewards": np.zeros((agents, capacity), np.float32),
            "next_rows": np.zeros((agents, capacity), np.int64),
        }
        self._capacity = capacity
        self._added = 0

    def __len__(self) -> int:
        """Return how many transitions of each agent are kept."""
        return min(self._added, self._capacity)

    def add(self, rows: NDArray, actions: NDArray, rewards: NDArray, next_rows: NDArray) -> None:
        """Keep one transition of every agent, each argument of shape (R,); the oldest makes way."""
        place = self._added % self._capacity
        for kept, value in zip(self._kept.values(), (rows, actions, rewards, next_rows), strict=True):
            kept[:, place] = value
        self._added += 1

    def sample(self, generators: Sequence[np.random.Generator], size: int) -> Transitions:
        """Draw `size` transitions of each agent by its own generator, uniformly and with replacement."""
        places = np.stack([generator.integers(len(self), size=size) for generator in generators])
        return Transitions(**{name: np.take_along_axis(kept, places, axis=1) for name, kept in self._kept.items()})

    def state(self) -> dict[str, NDArray]:
        """Return all that is kept, for a checkpoint."""
        return {name: kept[:, : len(self)].copy() for name, kept in self._kept.items()} | {
            "added": np.array(self._added)
        }

    def load(self, state: Mapping[str, NDArray]) -> None:
        """Keep what a checkpoint has."""
        self._added = int(state["added"])
        for name, kept in self._kept.items():
            kept[:, : len(self)] = state[name]
