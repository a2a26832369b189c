"""Outcomes and correlations of the train-test study in few rows, each number with its interval over seeds."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity import tabulate_train_test
from plasticity.correlate_transfer import OUTCOMES, outcomes_of
from plasticity.published.measures import t_interval
from plasticity.reproduction.summaries import cell

Labels = Mapping[str, str]

_VARIANCES = ("train_variance", "strong_test_variance", "weak_test_variance", "nc1")
_METRICS = ("train_variance", "own_train_variance", "nc1", "iteration")
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
                "iterations": cell(part["iteration"], confidence, ".0f"),
                **{_title(name): geometric(part[name], confidence) for name in _VARIANCES},
                "training accuracy, %": cell(part["train_accuracy"] * 100, confidence, ".1f"),
                "test accuracy, %": cell(part["test_accuracy"] * 100, confidence, ".1f"),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def next_tasks(transfer: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm and checkpoint: its collapse, and what the next task reaches from it; empty for no arm."""
    rows = []
    groups = outcomes_of(transfer).groupby(["arm", "iteration"], sort=False) if len(transfer) else []
    for (arm, iteration), part in cast("Any", groups):
        found = {"arm": labels[arm], "iteration": "before training" if iteration == 0 else f"{iteration}"}
        found |= {"seeds": part["seed"].nunique()}
        found |= {_title(name): geometric(part[name], confidence) for name in ("train_variance", "nc1")}
        for outcome in OUTCOMES:
            found[f"test accuracy, %, {_RATES[outcome]}"] = cell(part[outcome] * 100, confidence, ".1f")
        rows.append({**found, "diverged": int(part["diverged"].sum())})
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return train variance, NC1 and the control against the accuracy on the next task, a row per arm and outcome."""
    rows = tabulate_train_test.correlations(table, dict(labels))
    keep = rows["metric"].isin(_METRICS)
    outcome = [f"test accuracy, {_RATES[name]}" for name in rows["outcome"]]
    return cast("pd.DataFrame", rows.assign(outcome=outcome).loc[keep])


def geometric(values: Any, confidence: float) -> str:
    """Return "mean [low, high]" of the geometric mean over seeds, Student's t on the logarithms; a dash for none."""
    found = np.asarray(values, dtype="float64")
    found = np.log(found[np.isfinite(found) & (found > 0)])
    if not found.size:
        return "–"
    low, high = np.exp(t_interval(found, confidence))
    interval = "" if np.isnan(low) else f" [{low:.3g}, {high:.3g}]"
    return f"{np.exp(found.mean()):.3g}{interval}"


def _title(name: str) -> str:
    return "NC1" if name == "nc1" else name.replace("_", " ")
