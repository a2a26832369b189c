"""From the state after each task to what is lost on the next one.

Shapes: P points.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

_START = "start_"


@dataclass(frozen=True)
class NextLosses:
    """From the state after a task to the loss on the next one.

    Attributes:
        arm: Number of the arm of each point, int (P,).
        experiment: Number of its experiment, int (P,).
        seed: Number of its seed, int (P,).
        task: The task after which the state was measured (P,).
        loss: What was lost on the next one (P,).
    """

    arm: np.ndarray
    experiment: np.ndarray
    seed: np.ndarray
    task: np.ndarray
    loss: np.ndarray

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.seed.max(initial=-1)) + 1

    def where(self, kept: np.ndarray) -> "NextLosses":
        """Return some of the points, arms, experiments and seeds counted anew."""
        parts = {name: values[kept] for name, values in vars(self).items()}
        counted = {name: np.unique(parts[name], return_inverse=True)[1] for name in ("arm", "experiment", "seed")}
        return NextLosses(**{**parts, **counted})


def next_losses_of(frame: pd.DataFrame, loss: str) -> tuple[NextLosses, pd.DataFrame]:
    """Return the transitions of a table of tasks that end with a known loss, and the rows that they begin at.

    Arms that repeat another arm's runs, number by number and as far as they go, are one arm.

    Args:
        frame: A row per arm, seed and task, with the column `experiment`.
        loss: Column of what is lost on a task.
    """
    rows = frame.sort_values(["arm", "seed", "task"], kind="stable").reset_index(drop=True)
    follows = (rows[["arm", "seed"]].shift(-1).eq(rows[["arm", "seed"]]).all(axis=1)) & (
        rows["task"].shift(-1) == rows["task"] + 1
    )
    lost = rows[loss].astype(float).shift(-1).where(follows).to_numpy()
    kept = np.isfinite(lost)
    kept &= ~_repeated(rows) if kept.any() else kept  # the comparison takes longer than all else
    # What was measured at the start of a task belongs to the loss on it.
    starts = {name: rows[name].shift(-1) for name in rows.columns if name.startswith(_START)}
    begun, numbers = rows.assign(**starts).loc[kept], {}
    for name in ("arm", "experiment", "seed"):
        numbers[name] = pd.factorize(begun[name])[0]
    return NextLosses(**numbers, task=begun["task"].to_numpy(float), loss=lost[kept]), begun.reset_index(drop=True)


def _repeated(rows: pd.DataFrame) -> np.ndarray:
    """Say of each row whether its arm repeats, after the first task, a longer or earlier one in all numbers."""
    numbers = [name for name in rows.columns if rows[name].dtype.kind == "f" and name != "nc1_threshold"]
    later = rows.loc[rows["task"] > 1].set_index(["seed", "task"])
    runs = {arm: part[numbers] for arm, part in later.groupby("arm", sort=False)}
    kept: list[pd.DataFrame] = []
    twins = set()
    for arm in sorted(runs, key=lambda arm: -len(runs[arm])):
        if any(_alike(runs[arm], other) for other in kept):
            twins.add(arm)
        else:
            kept.append(runs[arm])
    return rows["arm"].isin(sorted(twins)).to_numpy()


def _alike(run: pd.DataFrame, other: pd.DataFrame) -> bool:
    common = run.index.intersection(other.index)
    return len(common) > 0 and run.loc[common].equals(other.loc[common])
