"""Outcomes.

Returns, and the capacity of actor and critic at the end of the last task. Mean ± standard deviation over {{ seeds }}.
The table with one row per arm, seed and task is metrics.parquet next to the figures' folder; returns.parquet has one
row per update.
"""

import pandas as pd

from plasticity.report.html_tables import mean_and_spread
from plasticity.studies.locomotion.figure_tables import slopes

TABLES = ("metrics",)
NOTE = (
    "Mean ± standard deviation over seeds at the end of the last task. Return: mean of the episodes in the last tenth "
    "of a task. Slope: least-squares slope of that return on the task number, in each seed."
)
_NUMBERS = ("effective_rank", "weight_rank", "weight_norm", "critic_effective_rank", "action_std")


def rows(metrics: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return what each arm's agents were at the end.

    Args:
        metrics: The "locomotion" table.
        labels: What the report calls each arm.
    """
    tasks = metrics.loc[metrics["task"].gt(0)]
    last = tasks.loc[tasks["task"].eq(tasks["task"].max())]
    groups = last.groupby("arm", sort=False)
    table = pd.DataFrame({"seeds": groups["seed"].nunique(), "diverged": groups["diverged"].sum()})
    first = tasks.loc[tasks["task"].eq(1)].groupby("arm", sort=False)["last_return"]
    table["return, first task"] = mean_and_spread(first, "{:,.0f}")
    table["return, last task"] = mean_and_spread(groups["last_return"], "{:,.0f}")
    per_seed = {arm: slopes(part) for arm, part in tasks.groupby("arm", sort=False)}
    long = pd.concat([found.to_frame("slope").assign(arm=arm) for arm, found in per_seed.items()] or [_NO_SLOPES])
    table["slope per task"] = mean_and_spread(long.groupby("arm", sort=False)["slope"], "{:+,.0f}")
    for name in ("dead_units", "critic_dead_units"):
        table[f"{name.replace('_', ' ')}, %"] = mean_and_spread(groups[name], "{:.1f}", scale=100)
    for name in _NUMBERS:
        table[name.replace("_", " ")] = mean_and_spread(groups[name], "{:.3g}")
    table = table.reset_index()
    return table.assign(arm=[labels[arm] for arm in table["arm"]])


_NO_SLOPES = pd.DataFrame({"arm": pd.Series(dtype=object), "slope": pd.Series(dtype=float)})
