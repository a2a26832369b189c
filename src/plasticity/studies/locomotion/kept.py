"""Outcomes and correlations of a kept run in few rows, with intervals over seeds."""

from collections.abc import Mapping
from typing import cast

import pandas as pd

from plasticity.report.kept_runs.cells import by_arm, mean_text
from plasticity.studies.locomotion.figure_tables import slopes
from plasticity.studies.locomotion.pages.correlations import rows as correlation_rows
from plasticity.studies.locomotion.quantities import SHOWN

Labels = Mapping[str, str]


def outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm: returns in the first and the last task, and what the networks have left at the end."""
    rows = []
    for arm, part in by_arm(metrics):
        tasks = part.loc[part["task"].gt(0)]
        first, last = (tasks.loc[tasks["task"].eq(task)] for task in (1, tasks["task"].max()))
        rows.append(
            {
                "arm": labels[arm],
                "seeds": part["seed"].nunique(),
                "tasks": int(part["task"].max()),
                "return, first task": mean_text(first["last_return"], confidence, ",.2g"),
                "return, last task": mean_text(last["last_return"], confidence, ",.2g"),
                "slope per task": mean_text(slopes(tasks), confidence, "+,.2g"),
                "effective rank": mean_text(last["effective_rank"], confidence, ".3g"),
                "dead units, %": mean_text(last["dead_units"] * 100, confidence, ".1f"),
                "weight norm": mean_text(last["weight_norm"], confidence, ".3g"),
                "diverged": int(last["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return some of the quantities and the control against returns."""
    rows = correlation_rows(table, dict(labels))
    return rows if rows.empty else cast("pd.DataFrame", rows.loc[rows["metric"].isin([*SHOWN, "task"])])
