"""Means over seeds against the length of the warm-up, all arms in a panel, with standard errors as bars."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from plasticity.report.figures.axes import WARM_UP_AXIS, fit_y, format_epochs, format_y
from plasticity.report.figures.layout import empty
from plasticity.report.figures.lines import draw_bars, draw_level
from plasticity.studies.warm_start.figure_tables import FigureTables

_BARS = 84  # that half a page's width holds side by side
_DODGE = 0.5  # part of the distance between checkpoints over which the arms are spread


def draw_by_warm_up(
    ax: Axes, tables: FigureTables, column: str, *, levels: bool = True, log: bool | None = False
) -> None:
    """Fill a panel with a column of the metrics table against warm-up epoch, all arms, mean and standard error.

    At each checkpoint the arms stand side by side. Where the bars would be too many, each arm has its own at every
    k-th checkpoint alone, arms in turn.

    Args:
        ax: The panel.
        tables: The study's tables.
        column: What is drawn.
        levels: Draw arms without a warm-up as horizontal lines; otherwise they are left out.
        log: As in `fit_y`.
    """
    warmed = _present(tables, tables.warmed, column)
    levelled = _present(tables, tables.baselines, column) if levels else {}
    epochs = np.unique(np.concatenate([summary["x"] for summary in warmed.values()] or [np.zeros(1)]))
    spacing = float(np.diff(epochs).min()) if len(epochs) > 1 else 1.0
    every = -(-len(epochs) * max(1, len(warmed)) // _BARS)
    step = max(0.5 * spacing, 0.03 * float(np.ptp(epochs)))
    for place, (arm, summary) in enumerate(levelled.items(), start=1):
        draw_level(ax, summary, tables.styles[arm], label=arm, x=epochs[-1] + place * step)
    for place, (arm, summary) in enumerate(warmed.items()):
        dodged = summary.assign(x=summary["x"] + _DODGE * spacing * ((place + 0.5) / len(warmed) - 0.5))
        marked = slice(min(place * every // len(warmed), len(summary) - 1), None, every)
        draw_bars(ax, dodged, tables.styles[arm], label=arm, marked=marked)
    if warmed or levelled:
        fit_y(ax, [*levelled.values(), *warmed.values()], log=log)
        format_epochs(ax, list(warmed.values()))
        if not warmed:
            ax.set_xlim(0, 1)  # levels alone; ticks are whole epochs
    else:
        empty(ax, f"no finite values of {column}")
    format_y(ax, column)
    ax.set_xlabel(WARM_UP_AXIS)


def _present(tables: FigureTables, arms: tuple[str, ...], column: str) -> Mapping[str, pd.DataFrame]:
    """Return the arms that have values, their bars from one standard error below the mean to one above."""
    summaries = {arm: tables.by_warm_up(arm, column) for arm in arms}
    return {
        arm: summary.assign(low=summary["mean"] - summary["error"], high=summary["mean"] + summary["error"])
        for arm, summary in summaries.items()
        if len(summary)
    }
