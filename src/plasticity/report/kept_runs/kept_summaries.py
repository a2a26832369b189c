"""A study's outcomes and correlations in few rows, each number with its interval over seeds."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity.analysis.whole_runs import whole_runs
from plasticity.report.published.measures import t_interval
from plasticity.studies.continual import outcomes as tabulate_permuted
from plasticity.studies.warm_start import outcomes as tabulate

Labels = Mapping[str, str]


def warm_start_outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm: means over the checkpoints of seeds that have them all, and collapse at the last one."""
    rows = []
    for arm, part in _by_arm(metrics):
        whole: Any = whole_runs(part, "warm_up_epoch", ["plasticity_gap", "full_test_accuracy"])
        gap, accuracy = (whole.groupby("seed")[name].mean() * 100 for name in ("plasticity_gap", "full_test_accuracy"))
        last = part.loc[part["warm_up_epoch"] == part["warm_up_epoch"].max()]
        rows.append(
            {
                "arm": labels[arm],
                "seeds": part["seed"].nunique(),
                "checkpoints": part["warm_up_epoch"].nunique(),
                "full test accuracy, %": _of_whole(accuracy, part, confidence, ".1f"),
                "gap to random init, pp": _of_whole(gap, part, confidence, "+.1f"),
                "gap of each seed": ", ".join(f"{value:+.1f}" for value in gap),
                "NC1, last checkpoint": cell(last["nc1"], confidence, ".3g"),
                "not converged": int((~part["converged"].astype(bool)).sum()),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def permuted_outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm: the first task, the second one, the mean of those that all arms have, and its last."""
    rows, end = [], tabulate_permuted.shared_end(metrics)
    whole: Any = whole_runs(metrics, "task", ["plasticity_gap"], expected=range(2, end + 1))
    for arm, part in _by_arm(metrics):
        first, second = (part.loc[part["task"] == task] for task in (1, 2))
        later = whole.loc[whole["arm"] == arm].groupby("seed")["plasticity_gap"].mean() * 100
        last = part.loc[part["task"] == part["task"].max()]
        rows.append(
            {
                "arm": labels[arm],
                "seeds": part["seed"].nunique(),
                "epochs, task 1": cell(first["first_task_epochs"], confidence, ".3g"),
                "NC1, task 1": cell(first["nc1"], confidence, ".3f"),
                "accuracy, task 1, %": cell(first["online_accuracy"] * 100, confidence, ".2f"),
                "accuracy, task 2, %": cell(second["online_accuracy"] * 100, confidence, ".2f"),
                "gap, task 2, pp": cell(second["plasticity_gap"] * 100, confidence, "+.2f"),
                "published loss, task 2, pp": cell(second["published_plasticity_loss"] * 100, confidence, "+.2f"),
                f"gap, tasks 2 to {end}, pp": _of_whole(later, part, confidence, "+.2f"),
                "last task": int(part["task"].max()),
                "accuracy there, %": cell(last["online_accuracy"] * 100, confidence, ".2f"),
                "NC1 there": cell(last["nc1"], confidence, ".3f"),
                "weight norm, task 1": cell(first["weight_norm"], confidence, ".3g"),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def warm_start_correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return NC1 and the control over the whole warm-up, a row per arm."""
    rows = tabulate.correlations(table, dict(labels))
    if rows.empty:
        return rows
    keep = (rows["phase"] == "all") & rows["metric"].isin(["nc1", "warm_up_epoch"])
    return cast("pd.DataFrame", rows.loc[keep]).drop(columns="phase")


def permuted_correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return NC1 and the controls: over the tasks of the arms without a list, and across the runs of those with one."""
    experiments = set(table.loc[table["window_kind"] == "task", "arm"])
    inside = [any(name.startswith(f"{experiment}_") for experiment in experiments) for name in table["arm"]]
    rows = tabulate_permuted.correlations(table.loc[~np.array(inside, dtype=bool)], dict(labels))
    if rows.empty:
        return rows
    keep = rows["metric"].isin(["nc1", "task", "first_task_epochs"]) & (rows["outcome"] != "plasticity_gap")
    return cast("pd.DataFrame", rows.loc[keep & (rows["outcome"] != "published_plasticity_loss")])


def _by_arm(metrics: pd.DataFrame) -> list[tuple[str, Any]]:
    return [(str(arm), part) for arm, part in metrics.groupby("arm", sort=False)]


def _of_whole(values: Any, rows: Any, confidence: float, form: str) -> str:
    """Return the cell of means of seeds that have all tasks or checkpoints, with their number where some have not."""
    seeds = rows["seed"].nunique()
    text = cell(values, confidence, form)
    return text if len(values) == seeds else f"{text} (n = {len(values)} of {seeds})"


def cell(values: Any, confidence: float, form: str) -> str:
    """Return "mean [low, high]" over seeds; a dash where nothing is finite."""
    found = np.asarray(values, dtype="float64")
    found = found[np.isfinite(found)]
    if not found.size:
        return "–"
    low, high = t_interval(found, confidence)
    interval = "" if np.isnan(low) else f" [{low:{form}}, {high:{form}}]"
    return f"{found.mean():{form}}{interval}"
