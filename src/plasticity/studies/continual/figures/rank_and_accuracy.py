"""Rank of the curvature at the start of a task, and accuracy on it.

The ε-rank of the Gauss-Newton matrix is the number of its eigenvalues above a threshold that the configuration fixed
before the run. (a) One point per arm, at the last task at whose start the rank was measured: means over {{ n }}, bars
Student's t intervals of the mean at {{ confidence }}. (b) Every task at whose start it was measured, means over
seeds. The figure and the table of explanations show whether the rank says more than the task number.

Counterpart of Figure 3 of He et al. (2025, arXiv:2509.22335), who choose the threshold that fits the accuracy best and
count eigenvalues of a smoothed density of the Hessian.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import format_y
from plasticity.report.figures.layout import arm_legend, empty, panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import over_seeds, rows_where, signed
from plasticity.studies.continual.figure_tables import PermutedTables, exclusion_notes

TABLES = ("metrics",)

_RANK = "start_gauss_newton_rank_above_"
_ACCURACY = "online_accuracy"
_LEAST = 3  # arms of a correlation


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the accuracy against the rank: arms at the last task, and all tasks."""
    figure, axes = style.figure(1, 2, height=2.8, sharey=True)
    column = next((str(name) for name in tables.kept.columns if str(name).startswith(_RANK)), "")
    rows = _measured(tables, column) if column else tables.kept.head(0)
    task = int(rows["task"].to_numpy().max()) if len(rows) else 0
    panel(axes[0, 0], 0, f"Arms, task {task}" if task else "Arms")
    panel(axes[0, 1], 1, "All measured tasks")
    format_y(axes[0, 0], _ACCURACY, "permuted")
    for ax in axes[0]:
        ax.set_xlabel(f"Eigenvalues above {_threshold(column) or 'a threshold'} (number)")
    notes = exclusion_notes(tables, tables.continued)
    if not task:
        for ax in axes[0]:
            empty(ax, "no rank measured (measure.curvature)")
        write_notes(figure, notes)
        return figure
    last = rows_where(rows, rows["task"].eq(task))
    notes = notes + _draw_arms(axes[0, 0], tables, last, column)
    for arm in tables.continued:
        part, look = rows_where(rows, rows["arm"].eq(arm)), tables.styles[arm]
        x, y = (over_seeds(part, "task", name, tables.analysis.confidence)["mean"] for name in (column, _ACCURACY))
        axes[0, 1].plot(x, y, look.marker, color=look.color, markersize=2.5, label=arm)
    arm_legend(figure, tables)
    write_notes(figure, notes)
    return figure


def _measured(tables: PermutedTables, column: str) -> pd.DataFrame:
    rows = rows_where(tables.kept, tables.kept["arm"].isin(tables.continued))
    return rows_where(rows, np.isfinite(rows[[column, _ACCURACY]].astype(float)).all(axis=1))


def _threshold(column: str) -> str:
    value = column.removeprefix(_RANK)
    share = value.removesuffix("_of_largest")
    return share if share == value else f"{share} of the largest"


def _draw_arms(ax: Axes, tables: PermutedTables, rows: pd.DataFrame, column: str) -> list[str]:
    """Draw a point per arm with its intervals; return what is said of their correlation."""
    points = []
    for arm in tables.continued:
        part, look = rows_where(rows, rows["arm"].eq(arm)), tables.styles[arm]
        (x, left, right), (y, low, high) = (
            _interval(part, name, tables.analysis.confidence) for name in (column, _ACCURACY)
        )
        if np.isfinite(x):
            points.append((x, y))
            ax.plot([x], [y], look.marker, color=look.color, markersize=5, label=arm)
        if np.isfinite([left, low]).all():
            ax.hlines([y], left, right, color=look.color, linewidth=0.8, label=f"{arm} error")
            ax.vlines([x], low, high, color=look.color, linewidth=0.8, label=f"{arm} error")
    if len(points) < _LEAST or (np.ptp(points, axis=0) == 0).any():
        return []
    return [f"Pearson correlation of the {len(points)} arms: {signed(float(np.corrcoef(np.transpose(points))[0, 1]))}."]


def _interval(rows: pd.DataFrame, column: str, confidence: float) -> np.ndarray:
    """Return a column's mean over seeds and the ends of its interval, (3,); NaN without rows."""
    found = over_seeds(rows.assign(all=0), "all", column, confidence)[["mean", "low", "high"]].to_numpy(float)
    return found[0] if len(found) else np.full(3, np.nan)
