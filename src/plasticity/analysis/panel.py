"""The metrics table of one arm as arrays over seeds and checkpoints, and what is left out of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from plasticity.analysis.windows import Window
from plasticity.errors import PlasticityError


@dataclass(frozen=True)
class Panel:
    """One arm. S seeds in ascending order, T checkpoints on the union of the seeds' epochs.

    `values` holds a column of the table as an array of shape (S, T), NaN where there is no number; `present` says
    which checkpoints have a row, `diverged` which of those are flagged.
    """

    arm: str
    seeds: np.ndarray
    epochs: np.ndarray
    values: dict[str, np.ndarray]
    present: np.ndarray
    diverged: np.ndarray

    def within(self, window: Window) -> "Panel":
        """Return the checkpoints of the window."""
        chosen = window.covers(self.epochs)
        values = {name: array[:, chosen] for name, array in self.values.items()}
        return Panel(
            self.arm, self.seeds, self.epochs[chosen], values, self.present[:, chosen], self.diverged[:, chosen]
        )


@dataclass(frozen=True)
class Excluded:
    """Checkpoints left out, by the first reason that applies, each of shape (metrics, S)."""

    diverged: np.ndarray
    not_finite: np.ndarray
    at_epoch_0: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Their number, shape (metrics, S)."""
        return self.diverged + self.not_finite + self.at_epoch_0

    def note(self, metric: int, seeds: slice) -> str:
        """Return the counts in words for some seeds; empty where nothing was left out."""
        reasons = (("diverged", self.diverged), ("not finite", self.not_finite), ("at epoch 0", self.at_epoch_0))
        counted = [(int(counts[metric, seeds].sum()), reason) for reason, counts in reasons]
        return "excluded: " + ", ".join(f"{n} {reason}" for n, reason in counted if n)


def panel_of(rows: pd.DataFrame, columns: list[str]) -> Panel:
    """Return the panel of one arm.

    Args:
        rows: The arm's rows of the metrics table, in any order.
        columns: Numeric columns to keep.

    Raises:
        PlasticityError: If two rows share seed and warm-up epoch.
    """
    arm = str(rows["arm"].iloc[0])
    twice = rows[np.asarray(rows.duplicated(["seed", "warm_up_epoch"]))]
    if len(twice):
        where = f"{arm}, seed {twice['seed'].iloc[0]}, epoch {twice['warm_up_epoch'].iloc[0]}"
        raise PlasticityError(f"metrics table: expected one row per arm, seed and epoch, got two of {where}")
    seeds, of_seed = np.unique(np.asarray(rows["seed"]), return_inverse=True)
    epochs, of_epoch = np.unique(np.asarray(rows["warm_up_epoch"]), return_inverse=True)
    cells = (of_seed, of_epoch)
    shape = (seeds.size, epochs.size)
    values = {name: _filled(shape, cells, np.asarray(rows[name], np.float64), np.nan) for name in columns}
    present = _filled(shape, cells, np.ones(len(rows), dtype=bool), False)
    diverged = _filled(shape, cells, np.asarray(rows["diverged"].eq(True), bool), False)
    return Panel(arm, seeds, epochs, values, present, diverged)


def excluded(panel: Panel, x: np.ndarray, y: np.ndarray, *, needs_positive_epoch: bool) -> Excluded:
    """Return which checkpoints of x (metrics, S, T) against y (S, T) are left out, and why.

    Args:
        panel: The checkpoints that x and y belong to.
        x: Metrics.
        y: Outcome.
        needs_positive_epoch: The method takes the logarithm of the epoch.
    """
    diverged = np.broadcast_to(panel.diverged, x.shape)
    usable = panel.present & ~diverged
    finite = np.isfinite(x) & np.isfinite(y)
    late = np.broadcast_to((panel.epochs > 0) | (not needs_positive_epoch), x.shape)
    parts = (diverged, usable & ~finite, usable & finite & ~late)
    return Excluded(*(part.sum(axis=2) for part in parts))


def _filled(
    shape: tuple[int, int], cells: tuple[np.ndarray, np.ndarray], values: np.ndarray, empty: float
) -> np.ndarray:
    grid = np.full(shape, empty, dtype=values.dtype)
    grid[cells] = values
    return grid
