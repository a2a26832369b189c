"""Stage: one table of the study from the tables of its jobs, one row per arm, seed and checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plasticity.config.slices import AssembleMetricsSettings, MeasuredArm
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_tables, unknown_columns, write_table
from plasticity.studies.warm_start.columns import METRICS

_KEY = ["arm", "seed", "warm_up_epoch"]
BASELINE = "random_init"


def run_metrics(job: Job) -> None:
    """Assemble the table of metrics."""
    collapse, fine_tune = job.input.all("collapse"), job.input.all("fine_tune")
    assemble_metrics(collapse, fine_tune, job.output["metrics"], settings=job.slice(AssembleMetricsSettings))


def run_histories(job: Job) -> None:
    """Assemble the training histories."""
    assemble_histories(job.input.paths, job.output["histories"])


def assemble_metrics(
    collapse: Sequence[Path], fine_tune: Sequence[Path], output: Path, *, settings: AssembleMetricsSettings
) -> None:
    """Join collapse before fine-tuning with its outcome, and add the gap to the random-init baseline.

    Args:
        collapse: "collapse" tables, whose `arm` is the start they were measured on; arms share starts.
        fine_tune: "fine_tune" tables.
        output: The "metrics" table.
        settings: The arms: what the table must hold, and their order.

    Raises:
        PlasticityError: If a checkpoint of an arm was not measured or not fine-tuned.
    """
    outcomes = read_tables(fine_tune, "fine_tune")
    measured = _by_arm(read_tables(collapse, "collapse"), settings.arms)
    joined = outcomes.merge(measured, on=_KEY, how="outer", suffixes=("", "_measured"), indicator="found")
    _check_complete(joined)
    joined["diverged"] = joined["diverged"] | joined["diverged_measured"]
    joined["plasticity_gap"] = plasticity_gap(joined)
    order = {arm.name: position for position, arm in enumerate(settings.arms)}
    rows = joined.sort_values(_KEY, key=lambda column: column.map(order) if column.name == "arm" else column)
    own = unknown_columns(collapse[0], "collapse")
    rows = rows.loc[:, [*METRICS.names, *(column.name for column in own)]].reset_index(drop=True)
    write_table(rows, output, find_table("metrics").with_columns(own), provenance(settings.plain()))


def assemble_histories(histories: Sequence[Path], output: Path) -> None:
    """Write all training histories as one table, sorted by stage, run, seed, checkpoint and epoch."""
    rows = read_tables(histories, "history")
    keys = ["stage", "run", "seed", "warm_up_epoch", "epoch"]
    write_table(rows.sort_values(keys, ignore_index=True), output, "history", provenance({}))


def plasticity_gap(rows: pd.DataFrame) -> pd.Series:
    """Return random_init's test accuracy at the same seed minus each row's: positive is plasticity lost.

    The paper has no baseline of this kind; its "plasticity loss" in warm starting is never a difference.
    """
    baseline = rows.loc[rows["arm"] == BASELINE].set_index("seed")["full_test_accuracy"].to_dict()
    fresh = pd.Series([baseline.get(seed) for seed in rows["seed"]], rows.index, dtype="float64")
    return fresh.sub(rows["full_test_accuracy"])


def _by_arm(measured: pd.DataFrame, arms: Sequence[MeasuredArm]) -> pd.DataFrame:
    """Give every arm its own rows of the start it shares."""
    parts = []
    for arm in arms:
        rows = measured[(measured["arm"] == arm.start) & measured["warm_up_epoch"].isin(arm.epochs)]
        parts.append(rows.assign(arm=arm.name))
    return pd.concat(parts, ignore_index=True)


def _check_complete(joined: pd.DataFrame) -> None:
    alone = joined[joined["found"] != "both"]
    if len(alone):
        first = alone.iloc[0]
        side = "fine-tuned but not measured" if first["found"] == "left_only" else "measured but not fine-tuned"
        where = f"arm {first['arm']}, seed {first['seed']}, epoch {first['warm_up_epoch']}"
        raise PlasticityError(f"expected every checkpoint measured and fine-tuned, got {where} {side}")
