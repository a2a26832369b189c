"""Variances and outcomes.

Train, strong and weak test variance and NC1 of every hidden layer (of the last one only, for networks other than
perceptrons) at the last checkpoint, accuracies, and accuracy reached on the next task. Mean ± standard
deviation over {{ seeds }}. The tables with one row per arm, seed, checkpoint and layer, or learning rate, are
metrics.parquet and transfer.parquet next to the figures' folder.
"""

import pandas as pd

from plasticity.report.html_tables import mean_and_spread
from plasticity.studies.train_test_collapse.correlate import OUTCOMES, outcomes_of

TABLES = ("metrics", "transfer")
NOTE = (
    "Mean ± standard deviation over seeds at the last checkpoint, layer by layer from the input. Variances are ratios "
    "of traces with the class means (weak: the k-means centres) of that checkpoint, so own variances coincide with "
    "them. Next task: test accuracy from the last checkpoint and from the untrained network, at the learning rate that "
    "was best on held-out training images, and at the one that was best on the test images, as published."
)
_VARIANCES = ("train_variance", "strong_test_variance", "weak_test_variance", "own_train_variance", "nc1")


def rows(variances: pd.DataFrame, transfer: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return what each arm's networks were at the end, a row per hidden layer.

    Args:
        variances: The "variances" table.
        transfer: The "transfer" table.
        labels: What the report calls each arm.
    """
    runs = ["arm", "seed"]
    ends = variances.groupby(runs)["iteration"].transform("max")
    last = variances.loc[variances["iteration"] == ends]
    groups = last.groupby(["arm", "layer"], sort=False)
    table = pd.DataFrame({"seeds": groups["seed"].nunique(), "diverged": groups["diverged"].sum()})
    table["iterations"] = mean_and_spread(groups["iteration"], "{:.0f}")
    for name in _VARIANCES:
        table[name.replace("_", " ")] = mean_and_spread(groups[name])
    for name in ("train_accuracy", "test_accuracy"):
        table[f"{name.replace('_', ' ')}, %"] = mean_and_spread(groups[name], "{:.1f}", scale=100)
    table = table.reset_index()
    for title, text in _next_tasks(transfer).items():
        table[title] = [text.get(arm, "–") for arm in table["arm"]]
    return table.assign(arm=[labels[arm] for arm in table["arm"]])


def _next_tasks(transfer: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return each arm's test accuracy on the next task, by what it started from and how its rate was chosen."""
    if transfer.empty:
        return {}
    reached = outcomes_of(transfer)
    ends = reached.groupby(["arm", "seed"])["iteration"].transform("max")
    starts = {"last checkpoint": reached["iteration"] == ends, "before training": reached["iteration"] == 0}
    return {
        f"next task from {start}{', chosen on test' if 'chosen' in outcome else ''}, %": mean_and_spread(
            reached.loc[rows].groupby("arm", sort=False)[outcome], "{:.1f}", scale=100
        ).to_dict()
        for start, rows in starts.items()
        for outcome in OUTCOMES
    }
