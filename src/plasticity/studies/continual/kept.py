"""Outcomes and correlations of a kept run in few rows, each number with its interval over seeds."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity.analysis.whole_runs import whole_runs
from plasticity.report.kept_runs.cells import by_arm, complete_mean_text, mean_text
from plasticity.studies.continual.figure_tables import REFERENCE
from plasticity.studies.continual.pages.correlations import rows as correlation_rows
from plasticity.studies.continual.pages.outcomes import shared_end

Labels = Mapping[str, str]
_OTHER_REFERENCES = f"{REFERENCE}_"
"""What the names of fresh networks begin with that train as some arm does: their gap is zero, and says nothing."""


def outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm: the first task, the second one, the mean of those that all arms have, and its last.

    Of the fresh networks, those that train without a method have a row.
    """
    metrics = metrics.loc[~metrics["arm"].str.startswith(_OTHER_REFERENCES)]
    rows, end = [], shared_end(metrics)
    whole: Any = whole_runs(metrics, "task", ["plasticity_gap"], expected=range(2, end + 1))
    for arm, part in by_arm(metrics):
        first, second = (part.loc[part["task"] == task] for task in (1, 2))
        later = whole.loc[whole["arm"] == arm].groupby("seed")["plasticity_gap"].mean() * 100
        last = part.loc[part["task"] == part["task"].max()]
        rows.append(
            {
                "arm": labels[arm],
                "seeds": part["seed"].nunique(),
                "epochs, task 1": mean_text(first["first_task_epochs"], confidence, ".3g"),
                "NC1, task 1": mean_text(first["nc1"], confidence, ".3f"),
                "accuracy, task 1, %": mean_text(first["online_accuracy"] * 100, confidence, ".2f"),
                "accuracy, task 2, %": mean_text(second["online_accuracy"] * 100, confidence, ".2f"),
                "gap, task 2, pp": mean_text(second["plasticity_gap"] * 100, confidence, "+.2f"),
                "published loss, task 2, pp": mean_text(second["published_plasticity_loss"] * 100, confidence, "+.2f"),
                f"gap, tasks 2 to {end}, pp": complete_mean_text(later, part, confidence, "+.2f"),
                "last task": int(part["task"].max()),
                "accuracy there, %": mean_text(last["online_accuracy"] * 100, confidence, ".2f"),
                "NC1 there": mean_text(last["nc1"], confidence, ".3f"),
                "weight norm, task 1": mean_text(first["weight_norm"], confidence, ".3g"),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return NC1 and the controls: over the tasks of the arms without a list, and across the runs of those with one."""
    table = table.loc[~table["arm"].str.startswith(_OTHER_REFERENCES)]
    experiments = set(table.loc[table["window_kind"] == "task", "arm"])
    inside = [any(name.startswith(f"{experiment}_") for experiment in experiments) for name in table["arm"]]
    rows = correlation_rows(table.loc[~np.array(inside, dtype=bool)], dict(labels))
    if rows.empty:
        return rows
    keep = rows["metric"].isin(["nc1", "task", "first_task_epochs"]) & (rows["outcome"] != "plasticity_gap")
    return cast("pd.DataFrame", rows.loc[keep & (rows["outcome"] != "published_plasticity_loss")])
