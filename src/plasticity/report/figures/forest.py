"""Estimates below each other with their intervals, and the verdict beside each: for causal figures of all studies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.layout import say
from plasticity.report.figures.style import NEUTRAL

_WIDER = 1.0  # part of the span of estimates by which intervals may widen the axis
_LOUD = {"supports", "contradicts", "above zero", "below zero", "smaller than published"}


@dataclass(frozen=True)
class Line:
    """One estimate: a row of the table of causes, its name, and how it is drawn."""

    row: dict[str, Any]
    name: str
    arm_style: ArmStyle


def draw_forest(
    ax: Axes, lines: Sequence[Line], *, scale: float = 1.0, bounds: tuple[float, float] | None = None
) -> None:
    """Draw estimates from top to bottom, numbers times `scale`; an interval that leaves the axis ends in a caret.

    Args:
        ax: The panel.
        lines: What to draw.
        scale: Factor, such as 100 for percentage points.
        bounds: Limits of the axis; by the estimates if absent.
    """
    ax.axvline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0, pad=7)  # a caret at the edge stands between
    if not lines:
        ax.set_yticks([])
        ax.set_xlim(-1, 1)
        say(ax, "no estimates")
        return
    low, high = bounds or _bounds(lines, scale)
    ax.set_xlim(low, high)
    ax.set_ylim(len(lines) - 0.4, -0.6)
    for place, line in enumerate(lines):
        _draw_line(ax, line, place, scale)
    ax.set_yticks(range(len(lines)), [line.name for line in lines])


def forest_key(*, published: bool) -> list[Line2D]:
    """Return what the legend says of intervals and published sizes."""
    key = [Line2D([], [], color=NEUTRAL, linewidth=0.9, label="t interval over seeds")]
    options: dict[str, Any] = {"color": "black", "marker": "x", "linestyle": "none", "markersize": 4}
    return key + ([Line2D([], [], label="published size", **options)] if published else [])


def _draw_line(ax: Axes, line: Line, place: int, scale: float) -> None:
    row, color = line.row, line.arm_style.color
    estimate, low, high, published = (
        scale * float(row[name]) for name in ("estimate", "ci_low", "ci_high", "published")
    )
    ax.text(1.02, place, row["verdict"], transform=ax.get_yaxis_transform(), va="center", **_voice(row["verdict"]))
    if not np.isfinite(estimate):
        return
    left, right = ax.get_xlim()
    if np.isfinite([low, high]).all():
        ends = np.clip([low, high], left, right)
        ax.hlines(place, *ends, color=color, linewidth=0.9, zorder=2.5, label="t interval")
        for end, edge, marker in ((low, left, 8), (high, right, 9)):  # Matplotlib's carets to the left and to the right
            if end < left or end > right:
                ax.plot([edge], [place], color=color, marker=marker, markersize=4, linestyle="none", clip_on=False)
    options: dict[str, Any] = {"linestyle": "none", "markersize": 4, "zorder": 3}
    ax.plot([estimate], [place], color=color, marker=line.arm_style.marker, label=line.name, **options)
    if np.isfinite(published):
        ax.plot([published], [place], color="black", marker="x", label="published", **options)


def _voice(verdict: str) -> dict[str, Any]:
    loud = verdict in _LOUD
    return {"fontsize": "small", "color": "black" if loud else NEUTRAL, "fontweight": "bold" if loud else "normal"}


def _bounds(lines: Sequence[Line], scale: float) -> tuple[float, float]:
    """Return limits that hold every estimate and published size, and of the intervals what is not far out."""
    core, ends = (
        scale * np.array([[float(line.row[name]) for name in names] for line in lines]).ravel()
        for names in (("estimate", "published"), ("ci_low", "ci_high"))
    )
    core = np.append(core[np.isfinite(core)], 0.0)
    ends = np.append(ends[np.isfinite(ends)], 0.0)
    span = float(np.ptp(core)) or float(np.ptp(ends)) or 1.0
    low = max(float(ends.min()), float(core.min()) - _WIDER * span)
    high = min(float(ends.max()), float(core.max()) + _WIDER * span)
    low, high = min(low, float(core.min())), max(high, float(core.max()))
    return low - 0.04 * span, high + 0.04 * span


def frame_correlations(ax: Axes, rows: int) -> None:
    """Prepare a panel for correlations, from −1 to 1, in rows of methods."""
    ax.axvline(0, color=NEUTRAL, linewidth=0.8)
    for boundary in range(rows - 1):
        ax.axhline(boundary + 0.5, color="#E8E8E8", linewidth=0.8)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(-1.08, 1.08)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    ax.set_ylim(-0.5, rows - 0.5)


def mark_undefined(ax: Axes, places: Iterable[float], color: str) -> None:
    """Say at these places of a panel of correlations that there is none."""
    for place in places:
        ax.text(-1.02, place, "undefined", fontsize="small", color=color, va="center")
