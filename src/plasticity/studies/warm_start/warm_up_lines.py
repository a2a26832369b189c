"""Means over seeds against the length of the warm-up, all arms in a panel, with standard errors as bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from plasticity.report.figures.axes import WARM_UP_AXIS, fit_y, format_epochs, format_y
from plasticity.report.figures.layout import empty
from plasticity.report.figures.lines import draw_bars, draw_level
from plasticity.studies.warm_start.figure_tables import FigureTables

_BARS = 84  # that half a page's width holds side by side
_DODGE = 0.2  # part of the distance between checkpoints over which the arms are spread
_NEAR = 1.0  # distance from the arms, in their own span, up to which a level stretches the axis


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
        levels: Draw arms without a warm-up as horizontal lines, or give the value of one that is far from all others;
            otherwise they are left out.
        log: As in `fit_y`.
    """
    warmed = _present(tables, tables.warmed, column)
    levelled = _present(tables, tables.baselines, column) if levels else {}
    epochs = np.unique(np.concatenate([summary["x"] for summary in warmed.values()] or [np.zeros(1)]))
    spacing = float(np.diff(epochs).min()) if len(epochs) > 1 else 1.0
    every = -(-len(epochs) * max(1, len(warmed)) // _BARS)
    far = {arm: level for arm, level in levelled.items() if _is_far(level, list(warmed.values()), log=bool(log))}
    near = {arm: level for arm, level in levelled.items() if arm not in far}
    for arm, summary in near.items():
        draw_level(ax, summary, tables.styles[arm], label=arm)
    for place, (arm, summary) in enumerate(warmed.items()):
        dodged = summary.assign(x=summary["x"] + _DODGE * spacing * ((place + 0.5) / len(warmed) - 0.5))
        marked = slice(min(place * every // len(warmed), len(summary) - 1), None, every)
        draw_bars(ax, dodged, tables.styles[arm], label=arm, marked=marked)
    if warmed or levelled:
        fit_y(ax, [*near.values(), *warmed.values()], log=log)
        format_epochs(ax, list(warmed.values()))
        if not warmed:
            ax.set_xlim(0, 1)  # levels alone; ticks are whole epochs
    else:
        empty(ax, f"no finite values of {column}")
    format_y(ax, column)
    _name_far(ax, tables, far)
    ax.set_xlabel(WARM_UP_AXIS)


def _is_far(level: pd.DataFrame, arms: Sequence[pd.DataFrame], *, log: bool) -> bool:
    """Return whether a level is so far from the arms that it would press them into a strip."""
    means = np.concatenate([np.zeros(0), *(arm["mean"].to_numpy(dtype=float) for arm in arms)])
    value = level["mean"].to_numpy(dtype=float)[:1]
    if len(means) < 2 or not np.ptp(means) or (log and min(means.min(), value.min()) <= 0):
        return False
    (place,), means = (np.log(value), np.log(means)) if log else (value, means)
    return max(means.min() - place, place - means.max()) > _NEAR * float(np.ptp(means))


def _name_far(ax: Axes, tables: FigureTables, far: Mapping[str, pd.DataFrame]) -> None:
    """Write the values of levels beyond the axis at the end of the panel that they are nearer to."""
    scale, unit = (100, " %") if ax.get_ylabel().endswith("(%)") else (1, "")
    for arm, level in far.items():
        value = float(level["mean"].iloc[0])
        above = value > ax.get_ylim()[1]
        number = f"{scale * value:.3g}".replace("-", "\N{MINUS SIGN}")
        arrow = "\N{UPWARDS ARROW}" if above else "\N{DOWNWARDS ARROW}"
        looks: dict[str, Any] = {"ha": "right", "fontsize": "small", "color": tables.styles[arm].color}
        y, side = (0.97, "top") if above else (0.03, "bottom")
        ax.text(0.98, y, f"{tables.label(arm)}: {number}{unit} {arrow}", va=side, transform=ax.transAxes, **looks)


def _present(tables: FigureTables, arms: tuple[str, ...], column: str) -> Mapping[str, pd.DataFrame]:
    """Return the arms that have values, their bars from one standard error below the mean to one above."""
    summaries = {arm: tables.along(arm, column) for arm in arms}
    return {
        arm: summary.assign(low=summary["mean"] - summary["error"], high=summary["mean"] + summary["error"])
        for arm, summary in summaries.items()
        if len(summary)
    }
