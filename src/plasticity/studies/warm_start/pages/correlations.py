"""Correlations.

A row per arm, outcome, metric and phase, a column per method. Phases are all checkpoints, and those up to and after
epoch {{ study.analysis.phase_boundary }}; metrics are NC1-NC4 and ``warm_up_epoch``, the control for training time.

Coefficients are means over {{ seeds }}, with Student's t intervals over seeds at {{ confidence }}; a
single seed has none. Where an estimate is missing, the cell gives the reason. The underlying table,
``correlations.parquet`` next to the figures' folder, also has the sliding windows of
{{ study.analysis.window }} warm-up epochs, single seeds, and the other metrics.
"""

from typing import Any

import pandas as pd

from plasticity.report.html_tables import interval_text

TABLES = ("correlations",)
NOTE = (
    "Correlation with the outcome after fine-tuning: mean over seeds with t interval. "
    "The rows of warm up epoch are the control: the correlation with training length alone."
)
_COLLAPSE = ["nc1", "nc2", "nc3", "nc4"]


def rows(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return the mean-over-seeds coefficients of NC1-NC4 and of training length in each phase, with intervals.

    A row per arm, outcome, metric and phase, a column per method; `seeds` and `points` are those of the method that has
    most.

    Args:
        table: The "correlations" table.
        labels: What the report calls each arm.
    """
    chosen = table.loc[
        (table["aggregate"] == "mean")
        & (table["window_kind"] != "sliding")
        & table["metric"].isin([*_COLLAPSE, "warm_up_epoch"])
    ]
    cells: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in chosen.to_dict("records"):
        key = (labels[row["arm"]], row["outcome"], row["metric"], row["window_kind"].replace("_", " "))
        window = f"{row['window_start']}–{row['window_end']}"
        cell = cells.setdefault(key, {"epochs": window, "seeds": 0, "points": 0})
        cell |= {"seeds": max(cell["seeds"], row["n_seeds"]), "points": max(cell["points"], row["n_points"])}
        cell[row["method"].replace("_", " ")] = interval_text(
            row["estimate"], row["ci_low"], row["ci_high"], row["note"]
        )
    keys = ("arm", "outcome", "metric", "phase")
    return pd.DataFrame([{**dict(zip(keys, key, strict=True)), **cell} for key, cell in cells.items()])
