"""Correlation of NC1 with plasticity in a sliding window of warm-up training (Bonifazi et al. 2024, Figure 3)."""

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.figures.axes import format_epochs
from plasticity.figures.inputs import FigureTables, missing_notes, single_seed_note
from plasticity.figures.layout import arm_legend, empty, panel, write_notes
from plasticity.figures.lines import draw_band
from plasticity.figures.style import NEUTRAL, Style

_OF_THE_PAPER = ("warm_start", "shrink_perturb")
_PANELS = {
    "nc1": "NC1 and full test accuracy",
    "warm_up_epoch": "Control: training time and full test accuracy",
}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw the coefficient against the last epoch of its window, for NC1 and, as a control, for training time."""
    figure, axes = style.figure(1, 2, height=2.9, sharey=True)
    arms = [arm for arm in tables.warmed if not _windows(tables, arm, "nc1").empty]
    for position, (ax, (metric, title)) in enumerate(zip(axes[0], _PANELS.items(), strict=True)):
        panel(ax, position, title)
        if arms:
            _draw_panel(ax, tables, metric, arms)
        else:
            empty(ax, "no sliding windows:\ntoo few checkpoints, or no arm with a warm-up")
    axes[0, 0].set_ylabel("Pearson r (dimensionless)")
    arm_legend(figure, tables)
    write_notes(figure, _notes(tables, arms))
    return figure


def _draw_panel(ax: Axes, tables: FigureTables, metric: str, arms: list[str]) -> None:
    ax.axhline(0, color=NEUTRAL, linewidth=0.8)
    prominent = [arm for arm in arms if arm in _OF_THE_PAPER] or arms
    for arm in arms:
        windows = _windows(tables, arm, metric)
        looks = tables.styles[arm]
        if arm in prominent:
            draw_band(ax, windows, looks, label=arm, zorder=3)
        else:
            line = windows.assign(low=float("nan"), high=float("nan"))
            draw_band(ax, line, replace(looks, marker="none"), label=arm, linewidth=0.8, alpha=0.6)
    ax.set_ylim(-1.05, 1.05)
    format_epochs(ax, [_windows(tables, arm, metric) for arm in arms], "Last warm-up epoch of the window (epochs)")


def _windows(tables: FigureTables, arm: str, metric: str) -> pd.DataFrame:
    names = {"window_end": "x", "estimate": "mean", "ci_low": "low", "ci_high": "high"}
    return tables.coefficients(arm, metric, "sliding").rename(columns=names)


def _notes(tables: FigureTables, arms: list[str]) -> list[str]:
    rows = [tables.coefficients(arm, metric, "sliding") for arm in arms for metric in _PANELS]
    notes = missing_notes(pd.concat(rows)) if rows else []
    return notes + single_seed_note(pd.concat(rows)) if rows else notes
