"""Collapse and plasticity side by side in a phase of the warm-up (Bonifazi et al. 2024, Figures 5 to 7)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import WARM_UP_AXIS, fit_y, format_epochs, format_y
from plasticity.report.figures.layout import TITLES, panel, say, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import COLLAPSE, missing_notes, rows_where
from plasticity.studies.warm_start.figure_tables import OUTCOME, FigureTables

_ARM = "warm_start"
_ACCURACY = ArmStyle(NEUTRAL, "D")
_SHOWN = (OUTCOME, *COLLAPSE)


def draw_phase(tables: FigureTables, style: Style, *, phase: str) -> Figure:
    """Draw full test accuracy of the warm-started arm and below it each metric, with their r.

    Args:
        tables: The study's tables.
        style: What the configuration changes in this figure.
        phase: A `window_kind` of the correlations table: all, first_phase or second_phase.
    """
    figure, axes = style.figure(len(_SHOWN), 1, height=7.2, sharex=True)
    for position, (ax, column) in enumerate(zip(axes[:, 0], _SHOWN, strict=True)):
        title = TITLES.get(column, "Accuracy after fine-tuning on the full data")
        beside = f"; {_coefficient(tables, column, phase)}" if column in COLLAPSE else ""
        panel(ax, position, f"{title}{beside}")
        _draw_panel(ax, tables, column, phase, log=style.log_y)
    axes[-1, 0].set_xlabel(WARM_UP_AXIS)
    coefficients = pd.concat([tables.coefficients(_ARM, metric, phase) for metric in COLLAPSE])
    write_notes(figure, tables.exclusions((_ARM,)) + missing_notes(coefficients))
    return figure


def _draw_panel(ax: Axes, tables: FigureTables, column: str, phase: str, *, log: bool | None) -> None:
    summary = _of_phase(tables, phase, tables.along(_ARM, column))
    if summary.empty:
        say(ax, f"no finite checkpoints of {tables.label(_ARM)}, window: {phase.replace('_', ' ')}")
        ax.set_yticks([])
    else:
        looks = _ACCURACY if column == OUTCOME else tables.styles.get(_ARM, ArmStyle("#D55E00", "o"))
        draw_band(ax, summary, looks, label=column)
        fit_y(ax, [summary], log=log if column in COLLAPSE[:-1] else False)
        format_epochs(ax, [summary], "")
    format_y(ax, column)
    ax.set_ylabel(ax.get_ylabel().replace(" (", "\n("))


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
