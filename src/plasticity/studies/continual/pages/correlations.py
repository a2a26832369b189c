"""Correlations.

Over the tasks of one network, where time is the rival explanation, and across networks with different lengths of the
first task, where that length is. Student's t intervals over {{ seeds }} at {{ confidence }};
a single seed has none. Rows with ``task`` or ``first_task_epochs`` as the metric are controls.
"""

from typing import Any

import pandas as pd

from plasticity.report.html_tables import interval_text

TABLES = ("correlations",)
NOTE = (
    "Correlations with t intervals over seeds. Over tasks: within each seed (mean over seeds), and of the "
    "series averaged over seeds, as published. Across runs: a point is a run, and runs of a seed are nested."
)
_METRICS = ("nc1", "nc2", "nc3", "nc4", "first_task_epochs", "task")


def rows(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return the coefficients over all tasks, and across runs with the first and the second task.

    Args:
        table: The "correlations" table.
        labels: What the report calls each arm.
    """
    across = (table["window_kind"] == "task") & (table["window_end"] <= 2) & (table["aggregate"] == "pooled")
    over = (table["window_kind"] == "all") & table["aggregate"].isin(["mean", "averaged"])
    chosen = table.loc[(across | over) & table["metric"].isin(_METRICS)]
    cells: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in chosen.to_dict("records"):
        arm = str(row["arm"])
        name = labels.get(arm, arm.replace("_", " "))
        points = (
            "runs"
            if row["window_kind"] == "task"
            else {"mean": "tasks, within seeds"}.get(row["aggregate"], "tasks, averaged")
        )
        when = f"task {row['window_end']}" if row["window_kind"] == "task" else "all tasks"
        cell = cells.setdefault((name, str(row["outcome"]), str(row["metric"]), when, points), {"seeds": 0, "n": 0})
        cell |= {"seeds": max(cell["seeds"], row["n_seeds"]), "n": max(cell["n"], row["n_points"])}
        method = row["method"].replace("_", " ")
        cell[method] = interval_text(row["estimate"], row["ci_low"], row["ci_high"], row["note"])
    keys = ("arm or experiment", "outcome", "metric", "when", "points")
    return pd.DataFrame([{**dict(zip(keys, key, strict=True)), **cell} for key, cell in cells.items()])
