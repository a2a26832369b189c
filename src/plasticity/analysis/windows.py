"""Which checkpoints or tasks a correlation looks at: sliding windows, phases, or a single task."""

from dataclasses import dataclass

import numpy as np

SLIDING = "sliding"
PHASES = ("all", "first_phase", "second_phase")
TASK = "task"


@dataclass(frozen=True)
class Window:
    """A run of checkpoints or tasks from `start` to `end`, both included; `kind` is "sliding", a phase or "task"."""

    kind: str
    start: int
    end: int

    def covers(self, epochs: np.ndarray) -> np.ndarray:
        """Return which of `epochs` lie in the window, both ends included."""
        return (epochs >= self.start) & (epochs <= self.end)


def sliding_windows(epochs: np.ndarray, length: int) -> list[Window]:
    """Return the windows (end − length, end] that end at a checkpoint and fit into the warm-up.

    Bonifazi et al. (2024) take 100 epochs, which are 20 checkpoints at one per 5 epochs, and label a window by its
    last epoch: the first is 5 to 100.

    Args:
        epochs: Warm-up epochs of an arm's checkpoints.
        length: Length of a window in epochs.
    """
    grid = np.unique(epochs)
    ends = grid[grid >= length]
    return [Window(SLIDING, int(grid[grid > end - length][0]), int(end)) for end in ends]


def phases(epochs: np.ndarray, boundary: int) -> list[Window]:
    """Return the whole warm-up and its two phases, the first of which holds the epoch `boundary`.

    A phase without a checkpoint is left out.
    """
    grid = np.unique(epochs)
    parts = zip(PHASES, (grid, grid[grid <= boundary], grid[grid > boundary]), strict=True)
    return [Window(kind, int(part[0]), int(part[-1])) for kind, part in parts if part.size]
