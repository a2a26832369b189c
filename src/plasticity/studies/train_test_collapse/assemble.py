"""Stages: the tables of the train-test study from those of its jobs."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plasticity.config.slices import AssembleVariancesSettings
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_table, read_tables, unknown_columns, write_table
from plasticity.studies.train_test_collapse.columns import NEXT_TASK, VARIANCES

_CHECKPOINT = ["arm", "seed", "iteration"]
_MEASURED = [name for name in VARIANCES.names if "variance" in name or name == "nc1"]


def run_variances(job: Job) -> None:
    """Assemble the table of variances."""
    assemble_variances(job.input.paths, job.output["metrics"], settings=job.slice(AssembleVariancesSettings))


def run_transfer(job: Job) -> None:
    """Assemble the table of next tasks."""
    files = job.input.all("next_tasks"), job.input["metrics"], job.output["transfer"]
    assemble_transfer(*files, settings=job.slice(AssembleVariancesSettings))


def assemble_variances(variances: Sequence[Path], output: Path, *, settings: AssembleVariancesSettings) -> None:
    """Write the variances of all arms as one table, sorted by arm, seed, iteration and layer.

    Args:
        variances: "variances" tables of the jobs.
        output: The study's "variances" table.
        settings: The arms, in the order of the configuration.
    """
    rows = _sorted(read_tables(variances, "variances"), settings.arms, [*_CHECKPOINT, "layer"])
    more = dict.fromkeys(column for path in variances for column in unknown_columns(path, "variances"))
    table = find_table("variances").with_columns(more)  # arms with a next task have columns of its start as well
    write_table(rows, output, table, provenance(settings.plain()))


def assemble_transfer(
    next_tasks: Sequence[Path], variances: Path, output: Path, *, settings: AssembleVariancesSettings
) -> None:
    """Join what every checkpoint reached on the next task with its variances, and mark the chosen learning rates.

    Args:
        next_tasks: "next_task" tables of the jobs; there may be none.
        variances: The study's "variances" table.
        output: The "transfer" table.
        settings: The arms, in the order of the configuration.

    Raises:
        PlasticityError: If a checkpoint was not measured.
    """
    rows = read_tables(next_tasks, "next_task") if next_tasks else pd.DataFrame(columns=NEXT_TASK.names)
    rows["chosen"] = best_of_rates(rows, "validation_accuracy")
    rows["chosen_on_test"] = best_of_rates(rows, "test_accuracy", "validation_accuracy")
    measured, more = read_table(variances, "variances"), unknown_columns(variances, "variances")
    names = [*_MEASURED, *(column.name for column in more)]
    last = measured.loc[measured["last_layer"], [*_CHECKPOINT, *names]]
    joined = rows.merge(last, on=_CHECKPOINT, how="left", indicator="found", validate="many_to_one")
    if len(alone := joined[joined["found"] != "both"]):
        where = ", ".join(f"{key} {alone.iloc[0][key]}" for key in _CHECKPOINT)
        raise PlasticityError(f"expected every checkpoint measured, got none for {where}")
    keys = [*_CHECKPOINT, "learning_rate"]
    rows = _sorted(joined.drop(columns="found"), settings.arms, keys)
    write_table(rows, output, find_table("transfer").with_columns(more), provenance(settings.plain()))


def best_of_rates(rows: pd.DataFrame, *accuracies: str) -> pd.Series:
    """Say which row of each checkpoint has the best accuracy; ties go to the next column, then to the smaller rate.

    Rows without an accuracy are never the best.

    Args:
        rows: One row per checkpoint and learning rate.
        accuracies: Columns to compare by.
    """
    known = rows.loc[rows[accuracies[0]].notna()]
    ascending = [*[False] * len(accuracies), True]
    ordered = known.sort_values([*accuracies, "learning_rate"], ascending=ascending, kind="stable")
    best = ordered.drop_duplicates(_CHECKPOINT).index
    return pd.Series(rows.index.isin(best), rows.index, dtype=bool)


def _sorted(rows: pd.DataFrame, arms: Sequence[str], keys: list[str]) -> pd.DataFrame:
    order = {arm: place for place, arm in enumerate(arms)}
    return rows.sort_values(keys, key=lambda c: c.map(order) if c.name == "arm" else c, ignore_index=True)
