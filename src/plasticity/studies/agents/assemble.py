"""Stage: one table of the study of agents, a row per arm, seed and checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plasticity.config.agent_slices import AssembleAgentsSettings
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_table, read_tables, unknown_columns, write_table

_BEHAVIOUR = ["reward", "right_actions", "loss"]
_KEYS = ["arm", "seed", "step"]


def run(job: Job) -> None:
    """Assemble the table of the study."""
    histories = list(zip(job.params["arms"], job.input.all("histories"), strict=True))
    settings = job.slice(AssembleAgentsSettings)
    assemble_agents(job.input.all("checkpoints"), histories, job.output["metrics"], settings=settings)


def assemble_agents(
    checkpoints: Sequence[Path],
    histories: Sequence[tuple[str, Path]],
    output: Path,
    *,
    settings: AssembleAgentsSettings,
) -> None:
    """Join what was measured at every checkpoint with what the agent did before it.

    Args:
        checkpoints: "agent_checkpoints" tables of the jobs.
        histories: "agent_history" tables, each with the name of its arm.
        output: The study's table "agents".
        settings: The arms, in the order of the configuration.
    """
    measured = read_tables(checkpoints, "agent_checkpoints")
    behaviour = pd.concat([read_table(path, "agent_history").assign(arm=arm) for arm, path in histories])
    rows = measured.merge(behaviour.loc[:, [*_KEYS, *_BEHAVIOUR]], on=_KEYS, how="left", validate="one_to_one")
    places = {arm.name: place for place, arm in enumerate(settings.arms)}
    for key in ("network", "optimizer", "target_period"):
        values = {arm.name: getattr(arm, key) for arm in settings.arms}
        rows[key] = [values[name] for name in rows["arm"]]
    rows = rows.sort_values(_KEYS, key=lambda c: c.map(places) if c.name == "arm" else c, ignore_index=True)
    table = find_table("agents").with_columns(unknown_columns(checkpoints[0], "agent_checkpoints"))
    write_table(rows.loc[:, table.names], output, table, provenance(settings.plain()))
