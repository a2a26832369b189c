"""Numbers over seeds as the cells of a kept run's tables."""

from typing import Any

import numpy as np
import pandas as pd

from plasticity.report.published.measures import t_interval


def by_arm(metrics: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the rows of every arm, in the order of the table."""
    return [(str(arm), part) for arm, part in metrics.groupby("arm", sort=False)]


def of_whole(values: Any, rows: Any, confidence: float, form: str) -> str:
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


def geometric(values: Any, confidence: float) -> str:
    """Return "mean [low, high]" of the geometric mean over seeds, Student's t on the logarithms; a dash for none."""
    found = np.asarray(values, dtype="float64")
    found = np.log(found[np.isfinite(found) & (found > 0)])
    if not found.size:
        return "–"
    low, high = np.exp(t_interval(found, confidence))
    interval = "" if np.isnan(low) else f" [{low:.3g}, {high:.3g}]"
    return f"{np.exp(found.mean()):.3g}{interval}"
