"""Stage: one table of the permuted study from the tables of its jobs, one row per arm, seed and task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.config.slices import AssembledArm, AssembleTasksSettings
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_tables, rows_of_seed, unknown_columns, write_table
from plasticity.studies.continual.columns import PERMUTED

_FIRST = 1


@dataclass(frozen=True)
class AssembleFiles:
    """Where the stage reads and writes; each table of first tasks comes with the name of their training."""

    first_tasks: Sequence[tuple[str, Path]]
    following: Sequence[Path]
    output: Path


def run(job: Job) -> None:
    """Assemble the table of the study."""
    named = zip(job.params["first_tasks"], job.input.all("first_tasks"), strict=True)
    files = AssembleFiles(tuple(named), job.input.all("following"), job.output["metrics"])
    assemble_permuted(files, settings=job.slice(AssembleTasksSettings))


def assemble_permuted(files: AssembleFiles, *, settings: AssembleTasksSettings) -> None:
    """Give every arm its row of the first task, join the following ones, and add both definitions of plasticity lost.

    Args:
        files: "first_task" and "following_tasks" tables, and the "permuted" table to write.
        settings: The arms.

    Raises:
        PlasticityError: If the baseline was not run on a task that an arm was.
    """
    names = dict.fromkeys(name for name, _ in files.first_tasks)
    histories = {
        name: read_tables([path for other, path in files.first_tasks if other == name], "first_task") for name in names
    }
    first = [
        _first_row(arm, seed, rows_of_seed(histories[arm.first_task], int(seed)))
        for arm in settings.arms
        for seed in histories[arm.first_task]["seed"].unique()
    ]
    rows = pd.concat([_frame(first), read_tables(files.following, "following_tasks")], ignore_index=True)
    rows = rows.copy()  # in one piece: with many measured columns, pandas warns of each that is added to the parts
    of_arms = {arm.name: arm for arm in settings.arms}
    rows["nc1_threshold"] = [of_arms[name].nc1_below for name in rows["arm"]]
    reached = rows.loc[rows["task"] == _FIRST].set_index(["arm", "seed"])["threshold_reached"].to_dict()
    rows["threshold_reached"] = [reached[key] for key in zip(rows["arm"], rows["seed"], strict=True)]
    _add_losses(rows, {name: arm.reference for name, arm in of_arms.items()})
    order = {name: position for position, name in enumerate(of_arms)}
    rows = rows.sort_values(["arm", "seed", "task"], key=lambda c: c.map(order) if c.name == "arm" else c)
    own = unknown_columns(files.first_tasks[0][1], "first_task")
    rows = rows.loc[:, [*PERMUTED.names, *(column.name for column in own)]].reset_index(drop=True)
    write_table(rows, files.output, find_table("permuted").with_columns(own), provenance(settings.plain()))


def _first_row(arm: AssembledArm, seed: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an arm's row of the first task: its last epoch, with the online accuracy of all its epochs."""
    epoch = arm.epoch_of(rows)
    reached = None if arm.nc1_below is None else epoch is not None
    last = arm.max_epochs if epoch is None else epoch
    seen = [row for row in rows if last is None or row["epoch"] <= last]
    row = dict(seen[-1])
    # The mean over the epochs is what the released code calls the accuracy of the first task.
    row["online_accuracy"] = float(np.mean([each["online_accuracy"] for each in seen]))
    names = {"experiment": arm.experiment, "arm": arm.name, "seed": seed}
    return {**row, **names, "task": _FIRST, "first_task_epochs": len(seen), "threshold_reached": reached}


def _add_losses(rows: pd.DataFrame, references: Mapping[str, str]) -> None:
    """Add what a fresh network reaches on the same task, the gap to it, and the paper's own difference.

    Raises:
        PlasticityError: If an arm's baseline was not run on a task that the arm was.
    """
    keys = list(zip(rows["arm"], rows["seed"], rows["task"], strict=True))
    accuracy = dict(zip(keys, rows["online_accuracy"], strict=True))
    epochs = dict(zip(keys, rows["first_task_epochs"], strict=True))
    ended = {key[:2] for key, diverged in zip(keys, rows["diverged"], strict=True) if diverged}
    fresh_keys = [(references[arm], seed, task) for arm, seed, task in keys]
    for baseline, seed, task in fresh_keys:
        # A baseline that diverges ends there; an arm that trains alike may go on, and has no gap from then on.
        if (baseline, seed, task) not in accuracy and (baseline, seed) not in ended:
            raise PlasticityError(f"expected {baseline} on every task, got none on task {task} of seed {seed}")
    first = np.array([accuracy[arm, seed, _FIRST] for arm, seed, _ in keys], float)
    rows["fresh_accuracy"] = np.array([accuracy.get(key, np.nan) for key in fresh_keys], float)
    same_budget = (rows["task"] > _FIRST) | (rows["first_task_epochs"] == [epochs.get(key, 0) for key in fresh_keys])
    rows["plasticity_gap"] = (rows["fresh_accuracy"] - rows["online_accuracy"]).where(same_budget)
    tested = dict(zip(keys, rows["test_accuracy"].astype(float), strict=True))
    rows["fresh_test_accuracy"] = np.array([tested.get(key, np.nan) for key in fresh_keys], float)
    rows["test_gap"] = (rows["fresh_test_accuracy"] - rows["test_accuracy"].astype(float)).where(same_budget)
    rows["published_plasticity_loss"] = first - rows["online_accuracy"]


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"approximate_rank": "Int64"})
