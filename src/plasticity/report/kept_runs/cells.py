"""Numbers over seeds as the cells of a kept run's tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from plasticity.report.published.measures import t_interval


def by_arm(metrics: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the rows of every arm, in the order of the table."""
    return [(str(arm), part) for arm, part in metrics.groupby("arm", sort=False)]


def complete_mean_text(values: Any, rows: Any, confidence: float, form: str) -> str:
    """Return the cell of means of seeds that have all tasks or checkpoints, with their number where some have not."""
    seeds = rows["seed"].nunique()
    text = mean_text(values, confidence, form)
    return text if len(values) == seeds else f"{text} (n = {len(values)} of {seeds})"


def mean_text(values: Any, confidence: float, form: str) -> str:
    """Return "mean [low, high]" over seeds, "mean (low, high)" with the seeds themselves where there are two.

    A dash stands where nothing is finite.
    """
    found = np.asarray(values, dtype="float64")
    found = found[np.isfinite(found)]
    if not found.size:
        return "–"
    return f"{number_text(found.mean(), form)}{_spread(found, t_interval(found, confidence), form)}"


def geometric_mean_text(values: Any, confidence: float) -> str:
    """Return the cell of the geometric mean over seeds, Student's t on the logarithms; otherwise as `mean_text`."""
    found = np.asarray(values, dtype="float64")
    found = found[np.isfinite(found) & (found > 0)]
    if not found.size:
        return "–"
    logs = np.log(found)
    return f"{number_text(np.exp(logs.mean()), ',.3g')}{_spread(found, np.exp(t_interval(logs, confidence)), ',.3g')}"


def _spread(values: np.ndarray, interval: Sequence[float] | np.ndarray, form: str) -> str:
    """Return in brackets what surrounds a mean: an interval, or two seeds, whose interval would be 13 times as wide."""
    if len(values) == 2:
        return f" ({number_text(values.min(), form)}, {number_text(values.max(), form)})"
    return "" if np.isnan(interval[0]) else f" [{number_text(interval[0], form)}, {number_text(interval[1], form)}]"


def number_text(value: float, form: str) -> str:
    """Return a number in a format; where that has a comma, large rounded ones have no exponent: "2,900" for ",.2g"."""
    text = format(value, form)
    return format(float(text), ",.0f") if "," in form and "e+" in text else text
