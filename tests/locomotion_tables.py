"""A study of locomotion with plausible values: its three tables, written and read as the workflow does."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from plasticity.config.analysis_section import Analysis
from plasticity.config.locomotion_section import Ground
from plasticity.seeding import numpy_generator
from plasticity.storage.schemas import SCHEMAS, find_table
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.locomotion.assemble import returns_by_task
from plasticity.studies.locomotion.columns import MEASURED
from plasticity.studies.locomotion.correlate import correlations_of
from plasticity.studies.locomotion.figure_tables import LocomotionTables
from plasticity.studies.locomotion.quantities import measured_in

ANALYSIS = Analysis(confidence=0.95)
ARMS = ("none", "l2", "continual_backprop")
SEEDS = (1, 2, 3)
FRAMES = ("locomotion", "returns", "correlations")
EVERY, ROLLOUT = 1000, 50
Frames = dict[str, pd.DataFrame]


def make_locomotion(
    folder: Path,
    *,
    arms: Sequence[str] = ARMS,
    seeds: Sequence[int] = SEEDS,
    tasks: int = 6,
    edit: Callable[[Frames], Frames] | None = None,
) -> LocomotionTables:
    """Build the tables, let `edit` change the frames by schema, and pass them through Parquet files in `folder`.

    The return of the first arm falls by 40 per task, that of the others by nothing; all fall by 30 at a change.
    """
    returns = _returns(arms, seeds, tasks)
    metrics = _metrics(returns, arms, seeds, tasks)
    frames = {"locomotion": metrics, "returns": returns}
    frames["correlations"] = correlations_of(metrics, ANALYSIS, measured_in(()))
    frames = edit({name: frame.copy() for name, frame in frames.items()}) if edit else frames
    for schema in FRAMES:
        write_table(frames[schema], folder / f"{schema}.parquet", find_table(schema))
    metrics, returns, correlations = (read_table(folder / f"{schema}.parquet", schema) for schema in FRAMES)
    return LocomotionTables(
        metrics=metrics, returns=returns, correlations=correlations, arms=tuple(arms), labels={}, analysis=ANALYSIS
    )


def _returns(arms: Sequence[str], seeds: Sequence[int], tasks: int) -> pd.DataFrame:
    rows = []
    for arm in arms:
        for seed in seeds:
            noise = numpy_generator(seed, f"tests/locomotion/{arm}")
            for step in range(ROLLOUT, tasks * EVERY + 1, ROLLOUT):
                task, since = (step - 1) // EVERY + 1, (step - 1) % EVERY / EVERY
                level = 500 - (40 * task if arm == arms[0] else 0) - 30 * (1 - since) + noise.normal(0, 3)
                row = {"experiment": arm, "arm": arm, "seed": seed, "step": step, "task": task, "friction": 1 / task}
                row |= {"episodes": 2, "episode_return": level, "episode_length": 25.0, "reward": level / 25}
                rows.append({**row, "policy_loss": 0.0, "value_loss": 10.0, "diverged": False})
    return _typed(rows, "returns")


def _metrics(returns: pd.DataFrame, arms: Sequence[str], seeds: Sequence[int], tasks: int) -> pd.DataFrame:
    rows = []
    for arm in arms:
        for seed in seeds:
            noise = numpy_generator(seed, f"tests/locomotion/{arm}/measured")
            for task in range(tasks + 1):
                values = {column.name: float(noise.uniform(1, 2)) for column in MEASURED}
                values |= {"effective_rank": 20 - task + noise.normal(), "dead_units": 0.01 * task}
                row = {"experiment": arm, "arm": arm, "seed": seed, "task": task, "step": task * EVERY}
                rows.append({**row, **values, "diverged": False})
    found = pd.DataFrame(rows)
    if len(returns):
        found = found.merge(returns_by_task(returns, Ground(change_every=EVERY, tasks=tasks)), how="left")
    return _typed(found.to_dict("records"), "locomotion")


def _typed(rows: Sequence[dict], schema: str) -> pd.DataFrame:
    types = {"str": "object", "int": "int64", "float": "float64", "bool": "bool"}
    return pd.DataFrame(
        {c.name: pd.Series([row.get(c.name) for row in rows], dtype=types[c.kind]) for c in SCHEMAS[schema]}
    )


def some_policies_diverge(frames: Frames) -> Frames:
    """Make the later tasks of one arm those of agents that diverged; an `edit` of the factory."""
    for name in ("locomotion", "returns"):
        frame = frames[name]
        rows = frame["arm"].eq("l2") & frame["task"].gt(3)
        kept = {"seed", "step", "task", "friction", "episodes"}
        numbers = [column for column in frame if frame[column].dtype == "float64" and column not in kept]
        frame.loc[rows, numbers] = np.nan
        frame.loc[rows, "diverged"] = True
    return frames
