"""Lines with intervals: bands where arms are few, bars where they are many."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from plasticity.report.figures.arm_styles import ArmStyle

BAND_ALPHA = 0.14


def draw_band(ax: Axes, summary: pd.DataFrame, style: ArmStyle, *, label: str, **line: Any) -> None:
    """Draw a mean against `x` with its interval; `summary` has the columns x, mean, low and high."""
    x = summary["x"].to_numpy(dtype=float)
    options = {"color": style.color, "marker": style.marker, "linestyle": style.linestyle}
    keys = {**options, "markevery": max(1, len(x) // 12), **line}
    ax.plot(x, summary["mean"].to_numpy(), label=label, **keys)
    low, high = summary["low"].to_numpy(dtype=float), summary["high"].to_numpy(dtype=float)
    if len(x) == 1:
        ax.vlines(x, low, high, color=keys["color"], linewidth=1, label=f"{label} interval")
    elif np.isfinite(low).any():
        ax.fill_between(x, low, high, color=keys["color"], alpha=BAND_ALPHA, linewidth=0, label=f"{label} interval")


def draw_bars(ax: Axes, summary: pd.DataFrame, style: ArmStyle, *, label: str, marked: slice = slice(None)) -> None:
    """Draw a mean as a line; the checkpoints that are `marked` have a marker and a bar from low to high."""
    x, mean, low, high = summary[["x", "mean", "low", "high"]].to_numpy(dtype=float).T
    keys: dict[str, Any] = {"color": style.color, "marker": style.marker, "linestyle": style.linestyle}
    ax.plot(x, mean, label=label, linewidth=1, markersize=3, markevery=marked, zorder=3, **keys)
    _bars(ax, x[marked], low[marked], high[marked], color=style.color, label=label)


def draw_level(ax: Axes, summary: pd.DataFrame, style: ArmStyle, *, label: str) -> None:
    """Draw the one value of an arm without warm-up as a horizontal line across the panel, with a band low to high."""
    for mean, low, high in summary[["mean", "low", "high"]].to_numpy(dtype=float):
        ax.axhline(mean, color=style.color, linestyle=style.linestyle, linewidth=1, label=label)
        if np.isfinite(low):
            ax.axhspan(low, high, color=style.color, alpha=BAND_ALPHA, linewidth=0, label=f"{label} error")


def _bars(ax: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, color: str, label: str) -> None:
    known = np.isfinite(low) & np.isfinite(high)
    if known.any():
        bars: Any = {"color": color, "linewidth": 0.8, "alpha": 0.7, "zorder": 2.5, "label": f"{label} error"}
        ax.vlines(x[known], low[known], high[known], **bars)
