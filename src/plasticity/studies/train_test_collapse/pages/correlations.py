"""Correlations.

Over the checkpoints of a run, where time is the rival explanation. Student's t intervals over {{ seeds }} at
{{ confidence }}; a single seed has none. Rows with ``iteration`` as the metric are controls.
"""

from typing import Any

import pandas as pd

from plasticity.report.html_tables import interval_text

TABLES = ("correlations",)
NOTE = (
    "Correlations over the checkpoints of a seed, mean over seeds with t intervals: variance of the checkpoint with "
    "test accuracy on the next task, at the learning rate chosen on held-out images, and at the one chosen on the test "
    "images, as published."
)


def rows(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return the means of the seeds' coefficients over the checkpoints.

    Args:
        table: The "correlations" table.
        labels: What the report calls each arm.
    """
    cells: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in table.loc[(table["aggregate"] == "mean") & (table["window_kind"] == "all")].to_dict("records"):
        cell = cells.setdefault((labels[row["arm"]], row["outcome"], row["metric"]), {"seeds": 0})
        cell["seeds"] = max(cell["seeds"], row["n_seeds"])
        method = row["method"].replace("_", " ")
        cell[method] = interval_text(row["estimate"], row["ci_low"], row["ci_high"], row["note"])
    keys = ("arm", "outcome", "metric")
    found = [{**dict(zip(keys, key, strict=True)), **cell} for key, cell in cells.items()]
    return pd.DataFrame(found, columns=None if found else keys)
