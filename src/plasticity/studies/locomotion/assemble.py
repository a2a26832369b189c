"""Stage: the tables of the study of locomotion, a row per arm, seed and task, and one per update."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from plasticity.config.locomotion_section import Ground
from plasticity.config.locomotion_slices import AssembleLocomotionSettings
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_table, read_tables, unknown_columns, write_table

_KEYS = ["arm", "seed", "task"]


@dataclass(frozen=True)
class LocomotionFiles:
    """What is read and written: tables of the jobs, histories with experiment and arm, and the study's tables."""

    checkpoints: Sequence[Path]
    histories: Sequence[tuple[tuple[str, str], Path]]
    metrics: Path
    returns: Path


def run(job: Job) -> None:
    """Assemble the tables of the study."""
    named = [(experiment, arm) for experiment, arm in job.params["arms"]]
    histories = list(zip(named, job.input.all("histories"), strict=True))
    files = LocomotionFiles(job.input.all("checkpoints"), histories, job.output["metrics"], job.output["returns"])
    assemble_locomotion(files, settings=job.slice(AssembleLocomotionSettings))


def assemble_locomotion(files: LocomotionFiles, *, settings: AssembleLocomotionSettings) -> None:
    """Join what was measured at every change of friction with the returns before and after it.

    Args:
        files: As above.
        settings: The arms, in the order of the configuration, and the ground.
    """
    parts = [
        read_table(path, "policy_history").assign(experiment=experiment, arm=arm)
        for (experiment, arm), path in files.histories
    ]
    returns = _in_order(pd.concat(parts, ignore_index=True), settings, "step")
    origin = provenance(settings.plain())
    write_table(returns.loc[:, find_table("returns").names], files.returns, "returns", origin)
    measured = read_tables(files.checkpoints, "policy_checkpoints")
    rows = measured.merge(returns_by_task(returns, settings.ground), on=_KEYS, how="left", validate="one_to_one")
    table = find_table("locomotion").with_columns(unknown_columns(files.checkpoints[0], "policy_checkpoints"))
    write_table(_in_order(rows, settings, "task").loc[:, table.names], files.metrics, table, origin)


def returns_by_task(returns: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Return a row per arm, seed and task: its friction, and mean returns over the whole task and its ends.

    Every episode counts the same. An update belongs to a part of a task if all of its steps do.

    Args:
        returns: The "returns" table.
        ground: With the length of a task.
    """
    every, rows = ground.change_every, []
    for key, run in returns.groupby(["arm", "seed"], sort=False):
        arm, seed = cast("tuple[str, int]", key)
        ends = run["step"].to_numpy()
        begins = ends - ends[0]
        means = {}
        for task in range(1, ground.tasks + 1):
            first, last = (task - 1) * every, task * every
            parts = {
                "first_return": (begins >= first) & (ends <= first + every / 10),
                "task_return": (begins >= first) & (ends <= last),
                "last_return": (begins >= last - every / 10) & (ends <= last),
            }
            means[task] = {name: _mean_return(run.loc[part]) for name, part in parts.items()}
            walked = run.loc[run["task"].eq(task), "friction"]
            means[task]["friction"] = float(walked.iloc[0]) if len(walked) else None
        for task, found in means.items():
            following = means.get(task + 1, {}).get("task_return")
            rows.append({"arm": arm, "seed": seed, "task": task, **found, "next_return": following})
        rows.append({"arm": arm, "seed": seed, "task": 0, "next_return": means[1]["task_return"]})
    return pd.DataFrame(rows)


def _mean_return(updates: pd.DataFrame) -> float | None:
    """Return the mean return of the episodes of some updates; None without any."""
    ended = updates.loc[updates["episodes"].gt(0) & updates["episode_return"].notna()]
    episodes = float(ended["episodes"].sum())
    return float((ended["episode_return"] * ended["episodes"]).sum()) / episodes if episodes else None


def _in_order(rows: pd.DataFrame, settings: AssembleLocomotionSettings, axis: str) -> pd.DataFrame:
    places = {arm: place for place, arm in enumerate(settings.arms)}
    keys = ["arm", "seed", axis]
    return rows.sort_values(keys, key=lambda c: c.map(places) if c.name == "arm" else c, ignore_index=True)
