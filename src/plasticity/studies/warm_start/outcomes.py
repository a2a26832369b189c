"""Stage: the tables of the warm-start study in the report."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.report.html_tables import interval_text, mean_and_spread, write_html
from plasticity.report.tabulate_causes import CAUSES_NOTE, causes
from plasticity.storage.tables import read_table

_COLLAPSE = ["nc1", "nc2", "nc3", "nc4"]
_PERCENT = ["warm_up_train_accuracy", "warm_up_test_accuracy", "full_test_accuracy", "plasticity_gap"]


def outcomes(metrics: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return mean ± standard deviation over seeds, a row per arm and checkpoint; gaps in percentage points.

    Args:
        metrics: The "metrics" table.
        labels: What the report calls each arm.
    """
    length = metrics["fine_tune_epochs"].where(~metrics["diverged"])  # where it broke off says nothing about speed
    groups = metrics.assign(fine_tune_epochs=length).groupby(["arm", "warm_up_epoch"], sort=False)
    table = pd.DataFrame({"seeds": groups["seed"].nunique()})
    table["diverged"] = groups["diverged"].sum()
    for name in _COLLAPSE:
        table[name.upper()] = mean_and_spread(groups[name], "{:.3g}")
    for name in _PERCENT:
        table[name.replace("_", " ") + ", %"] = mean_and_spread(groups[name], "{:.1f}", scale=100)
    table["fine-tuning epochs"] = mean_and_spread(groups["fine_tune_epochs"], "{:.1f}")
    table["converged"] = groups["converged"].sum()
    table = table.reset_index().rename(columns={"warm_up_epoch": "warm-up epoch"})
    return table.assign(arm=[labels[arm] for arm in table["arm"]])


def correlations(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return the mean-over-seeds coefficients of NC1-NC4 and of training length in each phase, with intervals.

    A row per arm, outcome, metric and phase, a column per method; `seeds` and `points` are those of the method that has
    most.

    Args:
        table: The "correlations" table.
        labels: What the report calls each arm.
    """
    chosen = table.loc[
        (table["aggregate"] == "mean")
        & (table["window_kind"] != "sliding")
        & table["metric"].isin([*_COLLAPSE, "warm_up_epoch"])
    ]
    cells: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in chosen.to_dict("records"):
        key = (labels[row["arm"]], row["outcome"], row["metric"], row["window_kind"].replace("_", " "))
        window = f"{row['window_start']}–{row['window_end']}"
        cell = cells.setdefault(key, {"epochs": window, "seeds": 0, "points": 0})
        cell |= {"seeds": max(cell["seeds"], row["n_seeds"]), "points": max(cell["points"], row["n_points"])}
        cell[row["method"].replace("_", " ")] = interval_text(
            row["estimate"], row["ci_low"], row["ci_high"], row["note"]
        )
    keys = ("arm", "outcome", "metric", "phase")
    return pd.DataFrame([{**dict(zip(keys, key, strict=True)), **cell} for key, cell in cells.items()])


def tabulate(tables: Mapping[str, Path], *, settings: dict[str, Any], outputs: dict[str, Path]) -> None:
    """Write the report's tables.

    Args:
        tables: The files of the study's metrics, correlations and causes.
        settings: labels, by arm.
        outputs: Where "outcomes", "correlations" and "causes" go.
    """
    makers: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {
        "outcomes": lambda: (outcomes(read_table(tables["metrics"], "metrics"), settings["labels"]), _OUTCOMES_NOTE),
        "correlations": lambda: (
            correlations(read_table(tables["correlations"], "correlations"), settings["labels"]),
            _CORRELATIONS_NOTE,
        ),
        "causes": lambda: (causes(read_table(tables["causes"], "causes"), settings["labels"]), CAUSES_NOTE),
    }
    for name, path in outputs.items():
        frame, note = makers[name]()
        write_html(frame, path, title=name, note=note)


_OUTCOMES_NOTE = (
    "Mean ± standard deviation over seeds. Accuracies and the gap to random init in per cent. A diverged run's numbers "
    "are missing; how many there are is in its column."
)
_CORRELATIONS_NOTE = (
    "Correlation with the outcome after fine-tuning: mean over seeds with the bootstrap interval over seeds. "
    "The rows of warm up epoch are the control: what training length alone gives."
)
