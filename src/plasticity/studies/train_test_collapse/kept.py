"""Outcomes and correlations of the train-test study in few rows, each number with its interval over seeds."""

from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from plasticity.report.kept_runs.cells import geometric_mean_text, mean_text
from plasticity.report.kept_runs.kept_page import Content
from plasticity.studies.train_test_collapse import agreement
from plasticity.studies.train_test_collapse.correlate import OUTCOMES, outcomes_of
from plasticity.studies.train_test_collapse.pages.correlations import rows as correlation_rows

Labels = Mapping[str, str]

_VARIANCES = ("train_variance", "strong_test_variance", "weak_test_variance", "nc1")
_METRICS = ("train_variance", "own_train_variance", "nc1", "iteration")
_NEXT_NOTE = (
    "Accuracy on the next task (means over seeds), variance and NC1 of its initial checkpoint (geometric means), "
    "with Student's t intervals."
)
_CHANGES_NOTE = (
    "At the last checkpoint, relative to the otherwise identical arm with the smallest weight decay, paired by seed: "
    "ratios of NC1 and train variance, and differences in accuracy on the next task, with Student's t intervals."
)
_RELATIONS_NOTE = (
    "Correlations of both, at the same checkpoints, with accuracy on the next task at the learning rate chosen on "
    "held-out images: means over seeds with t intervals. Both papers predict a positive correlation."
)
_RATES = {"test_accuracy": "rate chosen on held-out images", "test_accuracy_chosen_on_test": "chosen on test"}


def outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm and hidden layer: variances at each run's last checkpoint, geometric means over seeds."""
    ends = metrics.groupby(["arm", "seed"])["iteration"].transform("max").to_numpy()
    last = metrics.loc[metrics["iteration"].to_numpy() == ends]
    rows = []
    for (arm, layer), part in cast("Any", last.groupby(["arm", "layer"], sort=False)):
        rows.append(
            {
                "arm": labels[arm],
                "layer": layer,
                "seeds": part["seed"].nunique(),
                "training images": int(part["train_size"].iloc[0]),
                "iterations": mean_text(part["iteration"], confidence, ".0f"),
                **{_title(name): geometric_mean_text(part[name], confidence) for name in _VARIANCES},
                "training accuracy, %": mean_text(part["train_accuracy"] * 100, confidence, ".1f"),
                "test accuracy, %": mean_text(part["test_accuracy"] * 100, confidence, ".1f"),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def next_tasks(content: Content) -> list[tuple[str, str, pd.DataFrame]]:
    """Return what a next task reaches from each checkpoint, and collapse beside it; nothing where no arm goes on."""
    transfer = content.more["transfer"]
    if transfer.empty:
        return []
    families = content.run.plan.weight_decays
    return next_task_tables(transfer, content.correlations, families, content.labels, content.confidence)


def next_task_tables(
    transfer: pd.DataFrame, table: pd.DataFrame, families: agreement.Families, labels: Labels, confidence: float
) -> list[tuple[str, str, pd.DataFrame]]:
    """Return title, note and rows of each table about the next task.

    Args:
        transfer: The "transfer" table, with rows.
        table: The "correlations" table.
        families: Weight decay by arm, of each family of arms that differ in nothing else.
        labels: What each arm is called.
        confidence: Level of the intervals.
    """
    changes = agreement.differences(transfer, families, labels, confidence)
    found = [
        ("Next task", _NEXT_NOTE, reached(transfer, labels, confidence)),
        ("Effect of weight decay", _CHANGES_NOTE, changes),
        ("NC1 and train variance", _RELATIONS_NOTE, agreement.relations(table, labels, confidence)),
    ]
    intervals = f" Intervals are at {confidence:.0%}."
    return [(title, note + intervals, frame) for title, note, frame in found if len(frame)]


def reached(transfer: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm and checkpoint: its collapse, and what the next task reaches from it; empty for no arm."""
    rows = []
    groups = outcomes_of(transfer).groupby(["arm", "iteration"], sort=False) if len(transfer) else []
    for (arm, iteration), part in cast("Any", groups):
        found = {"arm": labels[arm], "iteration": "before training" if iteration == 0 else f"{iteration}"}
        found |= {"seeds": part["seed"].nunique()}
        found |= {_title(name): geometric_mean_text(part[name], confidence) for name in ("train_variance", "nc1")}
        for outcome in OUTCOMES:
            found[f"test accuracy, %, {_RATES[outcome]}"] = mean_text(part[outcome] * 100, confidence, ".1f")
        rows.append({**found, "diverged": int(part["diverged"].sum())})
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return train variance, NC1 and the control against the accuracy on the next task, a row per arm and outcome."""
    rows = correlation_rows(table, dict(labels))
    keep = rows["metric"].isin(_METRICS)
    outcome = [f"test accuracy, {_RATES[name]}" for name in rows["outcome"]]
    return cast("pd.DataFrame", rows.assign(outcome=outcome).loc[keep])


def _title(name: str) -> str:
    return "NC1" if name == "nc1" else name.replace("_", " ")
