"""Figures: functions of a study's tables; each docstring is a caption."""

from typing import Any

from matplotlib.figure import Figure

from plasticity.report.figures.style import Style

TABLES = ("metrics",)


def activity_and_gap(tables: Any, style: Style) -> Figure:
    """Mean activity of the features and what the next task loses.

    A point per checkpoint and seed of each arm; {{ n }}.
    """
    figure = Figure(figsize=(style.width or 5, style.height or 4), layout="constrained")
    axes = figure.subplots()
    for arm, rows in tables.metrics.groupby("arm", sort=False):
        axes.scatter(
            rows["activity"], 100 * rows["plasticity_gap"], color=tables.styles[arm].color, label=tables.label(arm)
        )
    axes.set(xlabel="mean activity of the features", ylabel="plasticity gap (percentage points)")
    axes.legend()
    return figure
