"""Stage: one table of the permuted study from the tables of its jobs, one row per arm, seed and task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.errors import PlasticityError
from plasticity.online.branches import branch_epoch, rows_of
from plasticity.provenance import provenance
from plasticity.schemas import SCHEMAS
from plasticity.tables import read_tables, write_table

BASELINE = "random_init"
_FIRST = 1
_COLUMNS = [column.name for column in SCHEMAS["permuted"]]


@dataclass(frozen=True)
class AssembleFiles:
    """Where the stage reads and writes; each table of first tasks comes with the name of their training."""

    first_tasks: Sequence[tuple[str, Path]]
    following: Sequence[Path]
    output: Path


def assemble_permuted(files: AssembleFiles, *, settings: dict[str, Any]) -> None:
    """Give every arm its row of the first task, join the following ones, and add both definitions of plasticity lost.

    Args:
        files: "first_task" and "following_tasks" tables, and the "permuted" table to write.
        settings: arms, a list with name, experiment, first_task, epochs, nc1_below and max_epochs.

    Raises:
        PlasticityError: If the baseline was not run on a task that an arm was.
    """
    names = dict.fromkeys(name for name, _ in files.first_tasks)
    histories = {
        name: read_tables([path for other, path in files.first_tasks if other == name], "first_task") for name in names
    }
    first = [
        _first_row(arm, seed, rows_of(histories[arm["first_task"]], int(seed)))
        for arm in settings["arms"]
        for seed in histories[arm["first_task"]]["seed"].unique()
    ]
    rows = pd.concat([_frame(first), read_tables(files.following, "following_tasks")], ignore_index=True)
    of_arms = {arm["name"]: arm for arm in settings["arms"]}
    rows["nc1_threshold"] = [of_arms[name]["nc1_below"] for name in rows["arm"]]
    reached = rows.loc[rows["task"] == _FIRST].set_index(["arm", "seed"])["threshold_reached"].to_dict()
    rows["threshold_reached"] = [reached[key] for key in zip(rows["arm"], rows["seed"], strict=True)]
    _add_losses(rows)
    order = {name: position for position, name in enumerate(of_arms)}
    rows = rows.sort_values(["arm", "seed", "task"], key=lambda c: c.map(order) if c.name == "arm" else c)
    write_table(rows.loc[:, _COLUMNS].reset_index(drop=True), files.output, "permuted", provenance(settings))


def _first_row(arm: Mapping[str, Any], seed: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an arm's row of the first task: its last epoch, with the online accuracy of all its epochs."""
    epoch = branch_epoch(arm, rows)
    reached = None if arm["nc1_below"] is None else epoch is not None
    seen = [row for row in rows if row["epoch"] <= (arm["max_epochs"] if epoch is None else epoch)]
    row = dict(seen[-1])
    # The mean over the epochs is what the released code calls the accuracy of the first task.
    row["online_accuracy"] = float(np.mean([each["online_accuracy"] for each in seen]))
    names = {"experiment": arm["experiment"], "arm": arm["name"], "seed": seed}
    return {**row, **names, "task": _FIRST, "first_task_epochs": len(seen), "threshold_reached": reached}


def _add_losses(rows: pd.DataFrame) -> None:
    """Add what a fresh network reaches on the same task, the gap to it, and the paper's own difference."""
    by_run = rows.set_index(["arm", "seed", "task"])["online_accuracy"].to_dict()
    keys = list(zip(rows["arm"], rows["seed"], rows["task"], strict=True))
    fresh = pd.Series([by_run.get((BASELINE, seed, task)) for _, seed, task in keys], rows.index, dtype="float64")
    first = pd.Series([by_run[arm, seed, _FIRST] for arm, seed, _ in keys], rows.index, dtype="float64")
    _check_baseline(rows, fresh)
    rows["fresh_accuracy"] = fresh
    same_budget = (rows["task"] > _FIRST) | (rows["first_task_epochs"] == 1)
    rows["plasticity_gap"] = (fresh - rows["online_accuracy"]).where(same_budget)
    rows["published_plasticity_loss"] = first - rows["online_accuracy"]


def _check_baseline(rows: pd.DataFrame, fresh: pd.Series) -> None:
    known = set(zip(*(rows.loc[rows["arm"] == BASELINE, key] for key in ("seed", "task")), strict=True))
    for seed, task in zip(rows["seed"], rows["task"], strict=True):
        if (seed, task) not in known:
            raise PlasticityError(f"expected {BASELINE} on every task, got none on task {task} of seed {seed}")


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"approximate_rank": "Int64"})
