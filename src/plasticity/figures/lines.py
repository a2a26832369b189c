"""Means over seeds as lines with their intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from plasticity.figures.axes import WARM_UP_AXIS, fit_y, format_epochs, format_y
from plasticity.figures.inputs import FigureTables
from plasticity.figures.layout import empty
from plasticity.figures.style import ArmStyle

BAND_ALPHA = 0.14


def draw_band(ax: Axes, summary: pd.DataFrame, style: ArmStyle, *, label: str, **line: Any) -> None:
    """Draw a mean against `x` with its interval; `summary` has the columns x, mean, low and high."""
    keys = {"color": style.color, "marker": style.marker, "linestyle": style.linestyle, **line}
    x = summary["x"].to_numpy(dtype=float)
    ax.plot(x, summary["mean"].to_numpy(), label=label, markevery=max(1, len(x) // 12), **keys)
    low, high = summary["low"].to_numpy(dtype=float), summary["high"].to_numpy(dtype=float)
    if len(x) == 1:
        ax.vlines(x, low, high, color=keys["color"], linewidth=1, label=f"{label} interval")
    elif np.isfinite(low).any():
        ax.fill_between(x, low, high, color=keys["color"], alpha=BAND_ALPHA, linewidth=0, label=f"{label} interval")


def draw_level(ax: Axes, summary: pd.DataFrame, style: ArmStyle, *, label: str) -> None:
    """Draw the one value of an arm without warm-up as a horizontal line with its interval."""
    for mean, low, high in summary[["mean", "low", "high"]].to_numpy(dtype=float):
        ax.axhline(mean, color=style.color, linestyle=style.linestyle, linewidth=1, label=label)
        if np.isfinite(low):
            ax.axhspan(low, high, color=style.color, alpha=0.08, linewidth=0, label=f"{label} interval")


def draw_by_warm_up(
    ax: Axes,
    tables: FigureTables,
    column: str,
    *,
    levels: bool = True,
    log: bool | None = False,
    include: float | None = None,
) -> None:
    """Fill a panel with a column of the metrics table against warm-up epoch, all arms, mean and interval over seeds.

    Args:
        ax: The panel.
        tables: The study's tables.
        column: What is drawn.
        levels: Draw arms without a warm-up as horizontal lines; otherwise they are left out.
        log: As in `fit_y`.
        include: As in `fit_y`.
    """
    summaries = {arm: tables.by_warm_up(arm, column) for arm in (*(tables.baselines if levels else ()), *tables.warmed)}
    drawn = {arm: summary for arm, summary in summaries.items() if len(summary)}
    warmed = {arm: summary for arm, summary in drawn.items() if arm not in tables.baselines}
    for arm, summary in drawn.items():
        if arm in warmed:
            draw_band(ax, _beside(summary, list(warmed).index(arm), warmed), tables.styles[arm], label=arm)
        else:
            draw_level(ax, summary, tables.styles[arm], label=arm)
    if drawn:
        fit_y(ax, list(drawn.values()), log=log, include=include)
        format_epochs(ax, list(warmed.values()))
    else:
        empty(ax, f"no finite values of {column}")
    format_y(ax, column)
    ax.set_xlabel(WARM_UP_AXIS)


def _beside(summary: pd.DataFrame, place: int, drawn: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Move an arm a little aside where the study has one checkpoint only and all intervals would share one line."""
    if len(set(np.concatenate([other["x"] for other in drawn.values()]))) > 1:
        return summary
    return summary.assign(x=summary["x"] + 0.1 * (place - (len(drawn) - 1) / 2))
