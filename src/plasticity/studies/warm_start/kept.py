"""Outcomes and correlations of a kept run in few rows, each number with its interval over seeds."""

from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from plasticity.analysis.whole_runs import whole_runs
from plasticity.report.kept_runs.cells import by_arm, complete_mean_text, mean_text
from plasticity.studies.warm_start.pages.correlations import rows as correlation_rows

Labels = Mapping[str, str]


def outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm: means over the checkpoints of seeds that have them all, and collapse at the last one."""
    rows = []
    for arm, part in by_arm(metrics):
        whole: Any = whole_runs(part, "warm_up_epoch", ["plasticity_gap", "full_test_accuracy"])
        gap, accuracy = (whole.groupby("seed")[name].mean() * 100 for name in ("plasticity_gap", "full_test_accuracy"))
        last = part.loc[part["warm_up_epoch"] == part["warm_up_epoch"].max()]
        rows.append(
            {
                "arm": labels[arm],
                "seeds": part["seed"].nunique(),
                "checkpoints": part["warm_up_epoch"].nunique(),
                "full test accuracy, %": complete_mean_text(accuracy, part, confidence, ".1f"),
                "gap to random init, pp": complete_mean_text(gap, part, confidence, "+.1f"),
                "gap of each seed": ", ".join(f"{value:+.1f}" for value in gap),
                "NC1, last checkpoint": mean_text(last["nc1"], confidence, ",.3g"),
                "not converged": int((~part["converged"].astype(bool)).sum()),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return NC1 and the control over the whole warm-up, a row per arm."""
    rows = correlation_rows(table, dict(labels))
    if rows.empty:
        return rows
    keep = (rows["phase"] == "all") & rows["metric"].isin(["nc1", "warm_up_epoch"])
    return cast("pd.DataFrame", rows.loc[keep]).drop(columns="phase")
