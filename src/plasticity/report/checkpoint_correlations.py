"""Rows of a page of correlations over the checkpoints of a run."""

from typing import Any

import pandas as pd

from plasticity.report.html_tables import interval_text


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
