"""Stage: does the variance of a checkpoint, or its training time, go with what it reaches on the next task?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.analysis.blocks import Block, Summary, block_of, table_of
from plasticity.analysis.correlation import CONTROL_METHODS, METHODS
from plasticity.analysis.panel import panel_of
from plasticity.analysis.settings import IntervalSettings, checked
from plasticity.analysis.windows import Window
from plasticity.provenance import provenance
from plasticity.schemas import SCHEMAS
from plasticity.tables import read_table, write_table

METRICS = [column.name for column in SCHEMAS["transfer"] if "variance" in column.name or column.name == "nc1"]
OUTCOMES = {"test_accuracy": "chosen", "test_accuracy_chosen_on_test": "chosen_on_test"}
"""Outcome -> the column that says which learning rate it is taken at."""
CONTROL = "iteration"  # what any monotone function of training time would give


def correlate_transfer(transfer: Path, output: Path, *, settings: dict[str, Any]) -> None:
    """Write the correlations of the study, per arm that goes on to a next task, over its checkpoints.

    The network before training belongs to no iteration, and is left out: its variance is that of other features.

    Args:
        transfer: The "transfer" table.
        output: The "correlations" table, without rows where no arm goes on.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If a setting is missing or out of its range, or the table is damaged.
    """
    section = checked(IntervalSettings, {**settings, "outcomes": tuple(OUTCOMES)}, list(OUTCOMES))
    frame = read_table(transfer, "transfer")
    frame = frame.loc[frame["iteration"] > 0]
    summary = Summary(section.bootstrap_samples, section.confidence)
    blocks = [block for _, rows in frame.groupby("arm", sort=False) for block in _blocks(rows, summary)]
    write_table(table_of(blocks), output, "correlations", provenance(settings))


def outcomes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per arm, seed and checkpoint, with the test accuracy at either choice of the learning rate."""
    keys = ["arm", "seed", "iteration"]
    first = rows.sort_values([*keys, "learning_rate"]).drop_duplicates(keys)
    for outcome, choice in OUTCOMES.items():
        taken = rows.loc[rows[choice], [*keys, "test_accuracy"]].rename(columns={"test_accuracy": outcome})
        first = first.drop(columns=outcome, errors="ignore").merge(taken, on=keys, how="left")
    diverged = rows.groupby(keys, as_index=False)["diverged"].all()  # at every learning rate
    return first.drop(columns="diverged").merge(diverged, on=keys)


def _blocks(rows: pd.DataFrame, summary: Summary) -> Iterator[Block]:
    panel = panel_of(outcomes_of(rows), [*METRICS, CONTROL, *OUTCOMES], axis="iteration")
    window = Window("all", int(panel.epochs.min()), int(panel.epochs.max()))
    for outcome in OUTCOMES:
        for method in METHODS:
            metrics = [*METRICS, CONTROL] if method in CONTROL_METHODS else METRICS
            yield block_of(panel, window, metrics=metrics, outcome=outcome, method=method, summary=summary)
