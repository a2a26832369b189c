"""Collapse and outcomes.

Length of the first task, collapse after it, and accuracy and plasticity loss on the second task and on the later
tasks that all arms have. Mean ± standard deviation over {{ seeds }}. The table with one row per arm, seed and task is
metrics.parquet next to the figures' folder; units and meaning of its columns are in the file's schema.
"""

from typing import Any

import pandas as pd

from plasticity.analysis.whole_runs import whole_runs
from plasticity.report.html_tables import mean_and_spread

TABLES = ("metrics",)
NOTE = (
    "Mean ± standard deviation over seeds. Means over later tasks end at the last task that all arms have, so arms "
    "are compared on the same tasks. Gap: relative to a fresh network on the same task. Published loss: relative to "
    "the run's own accuracy on its first task, averaged over that task's epochs. Both are in percentage points. A run "
    "whose NC1 threshold was not reached has no later tasks. A mean is over the runs that have all of its tasks, where "
    "neither they nor the fresh network diverged; their number precedes it."
)


def rows(metrics: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return what each arm's networks did on the first and the second task, and on the later ones that all arms have.

    Args:
        metrics: The "permuted" table.
        labels: What the report calls each arm.
    """
    first = metrics.loc[metrics["task"] == 1].groupby("arm", sort=False)
    table = pd.DataFrame({"seeds": first["seed"].nunique()})
    table["not reached"] = first["threshold_reached"].apply(lambda reached: int(reached.eq(False).sum()))
    table["diverged"] = metrics.groupby("arm", sort=False)["diverged"].sum()
    table["first-task epochs"] = mean_and_spread(first["first_task_epochs"], "{:.1f}")
    table["NC1 after it"] = mean_and_spread(first["nc1"])
    table["accuracy on it, %"] = mean_and_spread(first["online_accuracy"], "{:.1f}", scale=100)
    end = shared_end(metrics)
    later = {"second task": range(2, 3), f"tasks 3 to {end}" if end > 2 else "later tasks": range(3, end + 1)}
    for when, tasks in later.items():
        table = table.join(_means(metrics, when, tasks)).fillna({f"{when}: seeds": 0}).astype({f"{when}: seeds": int})
    table = table.reset_index()
    return table.assign(arm=[labels[arm] for arm in table["arm"]])


def shared_end(metrics: pd.DataFrame) -> int:
    """Return the last task that all arms have which go on beyond the second one; 2 where none does.

    Runs that diverged are not asked, so that an arm whose runs all broke off shortens the range of no other.

    Args:
        metrics: The "permuted" table.
    """
    runs = metrics.groupby(["arm", "seed"]).agg(last=("task", "max"), diverged=("diverged", "any"))
    lasts = runs.loc[~runs["diverged"] & runs["last"].gt(2), "last"].groupby("arm").max()
    return int(lasts.min()) if len(lasts) else 2


def _means(metrics: pd.DataFrame, when: str, tasks: range) -> pd.DataFrame:
    """Return how many runs have all of these tasks and what they learnt, a row per arm that has such a run."""
    columns = ["online_accuracy", "plasticity_gap", "published_plasticity_loss"]
    rows: Any = whole_runs(metrics, "task", columns, expected=tasks)
    groups = rows.groupby(["arm", "seed"], sort=False)[columns].mean().groupby("arm", sort=False)
    return pd.DataFrame(
        {
            f"{when}: seeds": groups.size(),
            f"{when}: accuracy, %": mean_and_spread(groups["online_accuracy"], "{:.1f}", scale=100),
            f"{when}: gap": mean_and_spread(groups["plasticity_gap"], "{:+.2f}", scale=100),
            f"{when}: published loss": mean_and_spread(groups["published_plasticity_loss"], "{:+.2f}", scale=100),
        }
    )
