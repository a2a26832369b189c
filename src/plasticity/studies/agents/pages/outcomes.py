"""Outcomes.

Behaviour, probe loss, collapse and capacity of the agents at the last checkpoint. Mean ± standard deviation over
{{ seeds }}. The table with one row per arm, seed and checkpoint is metrics.parquet next to the figures' folder.
"""

import pandas as pd

from plasticity.report.html_tables import mean_and_spread
from plasticity.studies.agents.falsify import last_of
from plasticity.studies.agents.quantities import PROBE_LOSS

TABLES = ("metrics",)
NOTE = (
    "Mean ± standard deviation over seeds at the last checkpoint. Reward and right actions are means since the last "
    "update of the target network. Probe loss: how well copies of the network fit new random targets. Its change is "
    "relative to before training; above zero, plasticity was lost."
)
_NUMBERS = ("nc1", "effective_rank", "weight_rank", "weight_norm")


def rows(metrics: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return what each arm's agents were at the end.

    Args:
        metrics: The "agents" table.
        labels: What the report calls each arm.
    """
    last = with_change(metrics)
    groups = last.groupby("arm", sort=False)
    table = pd.DataFrame({"seeds": groups["seed"].nunique(), "diverged": groups["diverged"].sum()})
    table["steps"] = mean_and_spread(groups["step"], "{:.0f}")
    table["reward"] = mean_and_spread(groups["reward"], "{:.3f}")
    for name in ("right_actions", "greedy_accuracy", "dead_units"):
        table[f"{name.replace('_', ' ')}, %"] = mean_and_spread(groups[name], "{:.1f}", scale=100)
    if PROBE_LOSS in last:
        table["probe loss"] = mean_and_spread(groups[PROBE_LOSS], "{:.3f}")
        table["change of probe loss"] = mean_and_spread(groups["change"], "{:+.3f}")
    for name in _NUMBERS:
        table["NC1" if name == "nc1" else name.replace("_", " ")] = mean_and_spread(groups[name], "{:.3g}")
    table = table.reset_index()
    return table.assign(arm=[labels[arm] for arm in table["arm"]])


def with_change(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last checkpoints with `change`, the probe loss since before training."""
    last, keys = last_of(metrics), ["arm", "seed"]
    if PROBE_LOSS not in metrics:
        return last
    first = metrics.loc[metrics["step"].eq(0), [*keys, PROBE_LOSS]].rename(columns={PROBE_LOSS: "before"})
    joined = last.merge(first, on=keys, how="left")
    return joined.assign(change=joined[PROBE_LOSS] - joined["before"]).drop(columns="before")
