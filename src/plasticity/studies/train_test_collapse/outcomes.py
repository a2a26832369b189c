"""Stage: the tables of the train-test study in the report."""

from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.report.html_tables import interval_text, mean_and_spread, write_html
from plasticity.storage.tables import read_table
from plasticity.studies.train_test_collapse.agreement import relations
from plasticity.studies.train_test_collapse.correlate import OUTCOMES, outcomes_of

_VARIANCES = ("train_variance", "strong_test_variance", "weak_test_variance", "own_train_variance", "nc1")
_OUTCOMES_NOTE = (
    "Mean ± standard deviation over seeds at the last checkpoint, layer by layer from the input on. Variances are "
    "ratios of traces against the class means (weak: the k-means centres) of that checkpoint, so that there the own "
    "variances are the same. Next task: test accuracy from the last checkpoint, and from the network before training, "
    "at the learning rate that was best on held-out training images, and at the one that was best on the test images, "
    "as published."
)
_CORRELATIONS_NOTE = (
    "Coefficients over the checkpoints of a seed (mean of the seeds), with bootstrap intervals over seeds: variance of "
    "the checkpoint against test accuracy on the next task, at the learning rate chosen on held-out images, and at the "
    "one chosen on the test images, as published."
)


_AGREEMENT_NOTE = (
    "NC1 and train variance of the same checkpoints against test accuracy on the next task, at the learning rate that "
    "was best on held-out images: over the checkpoints of each arm, and at the last checkpoint of arms that differ in "
    "weight decay alone. Means of the seeds' coefficients with bootstrap intervals over seeds. Both papers ask for a "
    "positive one: the less collapse, the more accuracy. What they say goes by the side of zero of both intervals; "
    "fewer than three seeds decide nothing."
)


def outcomes(variances: pd.DataFrame, transfer: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
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
        table[name.replace("_", " ")] = mean_and_spread(groups[name], "{:.3g}")
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


def correlations(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
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


def tabulate_train_test(tables: dict[str, Path], *, settings: dict[str, Any], outputs: dict[str, Path]) -> None:
    """Write the report's tables.

    Args:
        tables: The study's tables: metrics ("variances"), transfer, correlations.
        settings: labels, by arm.
        outputs: Where "outcomes", "correlations" and "collapse_and_transfer" go.
    """
    labels = settings["labels"]
    variances, transfer = read_table(tables["metrics"], "variances"), read_table(tables["transfer"], "transfer")
    measured = outcomes(variances, transfer, labels)
    write_html(measured, outputs["outcomes"], title="outcomes", note=_OUTCOMES_NOTE)
    table = read_table(tables["correlations"], "correlations")
    write_html(correlations(table, labels), outputs["correlations"], title="correlations", note=_CORRELATIONS_NOTE)
    page, wide = outputs["collapse_and_transfer"], ["compared", "what they say"]
    write_html(relations(table, labels), page, title="NC1 and train variance", note=_AGREEMENT_NOTE, wide=wide)
