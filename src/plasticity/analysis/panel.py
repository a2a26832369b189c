"""The metrics table of one arm as arrays over seeds and checkpoints or tasks, and what is left out of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from plasticity.analysis.windows import Window
from plasticity.errors import PlasticityError


@dataclass(frozen=True)
class Panel:
    """One arm. S seeds in ascending order, T checkpoints on the union of the seeds' epochs (or tasks).

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
    """Points left out, in words and by the first reason that applies, each of shape (metrics, S)."""

    by_reason: dict[str, np.ndarray]

    @property
    def total(self) -> np.ndarray:
        """Their number, shape (metrics, S)."""
        return np.sum([*self.by_reason.values()], axis=0)

    def note(self, metric: int, seeds: slice) -> str:
        """Return the counts in words for some seeds; empty where nothing was left out."""
        counted = [(int(counts[metric, seeds].sum()), reason) for reason, counts in self.by_reason.items()]
        words = ", ".join(f"{n} {reason}" for n, reason in counted if n)
        return f"excluded: {words}" if words else ""


def panel_of(rows: pd.DataFrame, columns: list[str], *, axis: str = "warm_up_epoch") -> Panel:
    """Return the panel of one arm.

    Args:
        rows: The arm's rows of the metrics table, in any order.
        columns: Numeric columns to keep.
        axis: Column that the checkpoints are told apart by: "warm_up_epoch" or "task".

    Raises:
        PlasticityError: If two rows share seed and checkpoint.
    """
    grid = grid_of(rows, ("seed", axis))
    values = {name: grid.numbers(name) for name in columns}
    seeds, epochs = grid.levels
    arm = str(rows["arm"].iloc[0])
    return Panel(arm, seeds, epochs, values, present=grid.present, diverged=grid.flags("diverged"))


@dataclass(frozen=True)
class Grid:
    """Rows of a table laid out by some of its columns: the columns' values in ascending order, and each row's cell."""

    rows: pd.DataFrame
    levels: tuple[np.ndarray, ...]
    cells: tuple[np.ndarray, ...]

    @property
    def present(self) -> np.ndarray:
        """Where the grid has a row."""
        found = np.zeros([level.size for level in self.levels], dtype=bool)
        found[self.cells] = True
        return found

    def numbers(self, column: str) -> np.ndarray:
        """Return a numeric column on the grid, NaN where there is no row or no number."""
        found = np.full([level.size for level in self.levels], np.nan)
        found[self.cells] = np.asarray(self.rows[column], np.float64)
        return found

    def flags(self, column: str, *, value: bool = True) -> np.ndarray:
        """Return where on the grid a column of truth values has `value`; a missing one has neither."""
        found = np.zeros([level.size for level in self.levels], dtype=bool)
        found[self.cells] = np.asarray(self.rows[column].eq(value), bool)
        return found


def grid_of(rows: pd.DataFrame, keys: tuple[str, ...]) -> Grid:
    """Return the grid of `rows` over the columns `keys`, the last of which counts epochs or tasks.

    Raises:
        PlasticityError: If two rows share arm and keys.
    """
    twice = rows[np.asarray(rows.duplicated(list(dict.fromkeys(("arm", *keys)))))]
    if len(twice):
        noun, first = keys[-1].rpartition("_")[2], twice.iloc[0]
        where = f"{first['arm']}, seed {first['seed']}, {noun} {first[keys[-1]]}"
        raise PlasticityError(f"metrics table: expected one row per arm, seed and {noun}, got two of {where}")
    levels, cells = zip(*(np.unique(np.asarray(rows[key]), return_inverse=True) for key in keys), strict=True)
    return Grid(rows, levels, cells)


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
    parts = {"diverged": diverged, "not finite": usable & ~finite, "at epoch 0": usable & finite & ~late}
    return Excluded({reason: part.sum(axis=2) for reason, part in parts.items()})
