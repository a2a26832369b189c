"""Collapse and plasticity side by side in a phase of the warm-up (Bonifazi et al. 2024, Figures 5 to 7)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import fit_y, format_epochs, format_y
from plasticity.report.figures.layout import TITLES, empty, panel, sample, top_legend, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import COLLAPSE, missing_notes, rows_where
from plasticity.studies.warm_start.figure_tables import OUTCOME, FigureTables, exclusion_notes

_ARM = "warm_start"
_ACCURACY = ArmStyle(NEUTRAL, "D", ":")


def draw_phase(tables: FigureTables, style: Style, *, phase: str) -> Figure:
    """Draw each metric (left axis) and full test accuracy (right axis) of the warm-started arm, with their r.

    Args:
        tables: The study's tables.
        style: What the configuration changes in this figure.
        phase: A `window_kind` of the correlations table: all, first_phase or second_phase.
    """
    figure, axes = style.figure(2, 2, height=5.0)
    for position, (ax, metric) in enumerate(zip(axes.flat, COLLAPSE, strict=True)):
        panel(ax, position, f"{TITLES[metric]}\n{_coefficient(tables, metric, phase)}")
        _draw_panel(ax, tables, metric, phase, log=style.log_y)
    top_legend(figure, _handles(tables))
    coefficients = pd.concat([tables.coefficients(_ARM, metric, phase) for metric in COLLAPSE])
    write_notes(figure, exclusion_notes(tables, (_ARM,)) + missing_notes(coefficients))
    return figure


def _draw_panel(ax: Axes, tables: FigureTables, metric: str, phase: str, *, log: bool | None) -> None:
    collapse, accuracy = (_of_phase(tables, phase, tables.by_warm_up(_ARM, name)) for name in (metric, OUTCOME))
    if collapse.empty or accuracy.empty:
        empty(ax, f"no finite checkpoints of\n{tables.label(_ARM)}, window: {phase.replace('_', ' ')}")
        return
    draw_band(ax, collapse, _arm_style(tables), label=metric)
    fit_y(ax, [collapse], log=False if metric == "nc4" else log)
    format_y(ax, metric)
    format_epochs(ax, [collapse])
    right = ax.twinx()
    draw_band(right, accuracy, _ACCURACY, label=OUTCOME)
    fit_y(right, [accuracy])
    format_y(right, OUTCOME)
    right.grid(visible=False)
    for axis, color, side in ((ax, _arm_style(tables).color, "left"), (right, NEUTRAL, "right")):
        axis.yaxis.label.set_color(color)
        axis.tick_params(axis="y", labelcolor=color)
        axis.spines[["top", "left", "right"]].set_visible(False)
        axis.spines[side].set(visible=True, color=color)


def _of_phase(tables: FigureTables, phase: str, summary: pd.DataFrame) -> pd.DataFrame:
    """Keep the epochs of a phase; the second phase begins after the boundary."""
    boundary = tables.analysis.phase_boundary
    limits = {"all": (-np.inf, np.inf), "first_phase": (-np.inf, boundary), "second_phase": (boundary + 1, np.inf)}
    return rows_where(summary, summary["x"].between(*limits[phase]))


def _coefficient(tables: FigureTables, metric: str, phase: str) -> str:
    rows = tables.coefficients(_ARM, metric, phase)
    if rows.empty or not np.isfinite(rows["estimate"].iloc[0]):
        return "r undefined"
    row = rows.iloc[0]
    seeds = f"{row['n_seeds']} seed{'s' if row['n_seeds'] > 1 else ''}"
    if not np.isfinite(row["ci_low"]):
        return f"r = {_signed(row['estimate'])}, {seeds}"
    return f"r = {_signed(row['estimate'])} [{_signed(row['ci_low'])}, {_signed(row['ci_high'])}], {seeds}"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _arm_style(tables: FigureTables) -> ArmStyle:
    return tables.styles.get(_ARM, ArmStyle("#D55E00", "o"))


def _handles(tables: FigureTables) -> list[Line2D]:
    left = sample(_arm_style(tables), f"collapse metric, {tables.label(_ARM)} (left axis)")
    return [left, sample(_ACCURACY, "full test accuracy (right axis)")]
