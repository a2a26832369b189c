"""Rank of the curvature at the start of a task, and accuracy on it.

The ε-rank of a matrix is the number of its eigenvalues above a threshold that the configuration fixed before the run.
Rows: the Gauss-Newton matrix and, where the Hessian was measured, the Hessian without smoothing and the share that the
code of He et al. computes from a smoothed density, which follows the range of the spectrum. All measured tasks: one
point per task at whose start the rank was measured, means over {{ n }}. With several arms, the panels on the left have
one point per arm, at the last of these tasks, with bars that are {{ intervals }}. The figure and the table of
explanations show whether the rank says more than the task number. With more than eight arms, only the first has a
colour of its own.

Counterpart of Figure 3 of He et al. (2025, arXiv:2509.22335), who choose the threshold that fits the accuracy best.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import format_y
from plasticity.report.figures.layout import arm_legend, empty, panel, sample, top_legend, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import over_seeds, rows_where, signed
from plasticity.studies.continual.figure_tables import PermutedTables

TABLES = ("metrics",)

_RANKS = {
    "start_gauss_newton_rank_above_": "Gauss-Newton eigenvalues above {} (number)",
    "start_hessian_rank_above_": "Hessian eigenvalues above {} (number)",
    "start_hessian_smoothed_share_above_": "Hessian's smoothed share above {} (fraction)",
}
"""What columns of ranks begin with -> what their axis says."""
_ACCURACY = "online_accuracy"
_TASKS = "All measured tasks"
_LEAST = 3  # arms of a correlation
_LEGIBLE = 8  # arms, above which their colours could not be told apart
_OTHER = ArmStyle("#0072B2", "o")


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the accuracy against each rank that was measured: arms at the last task, and all tasks."""
    columns, sides = _columns(tables), min(2, max(1, len(tables.continued)))
    figure, axes = style.figure(max(1, len(columns)), sides, height=0.4 + 2.4 * max(1, len(columns)), sharey=True)
    notes = tables.exclusions()
    if not columns:
        for place, (ax, title) in enumerate(zip(axes[0], ("Arms", _TASKS)[-sides:], strict=True)):
            panel(ax, place, title)
            empty(ax, "no rank measured (measure.curvature)")
    for row, (column, words) in enumerate(columns.items()):
        found = _draw_rank(axes[row], tables, column, first_panel=sides * row)
        for ax in axes[row]:
            ax.set_xlabel(words)
        notes = notes + ([f"{words.split(' (')[0]}: {each}" for each in found] if len(columns) > 1 else found)
    if columns and len(tables.continued) > _LEGIBLE:
        ends = (tables.styles[tables.main], tables.label(tables.main)), (_OTHER, "other arms")
        top_legend(figure, [sample(look, label) for look, label in ends])
    elif columns:
        arm_legend(figure, tables)
    write_notes(figure, notes)
    return figure


def _look(tables: PermutedTables, arm: str) -> ArmStyle:
    """Return the style of an arm, of which many have one in common."""
    return tables.styles[arm] if len(tables.continued) <= _LEGIBLE or arm == tables.main else _OTHER


def _columns(tables: PermutedTables) -> dict[str, str]:
    """Return the column of each kind of rank that has values, at its first threshold, and what its axis says."""
    names = [str(name) for name in tables.kept.columns]
    first = {kind: next((name for name in names if name.startswith(kind)), "") for kind in _RANKS}
    return {
        column: _RANKS[kind].format(_threshold(column.removeprefix(kind)))
        for kind, column in first.items()
        if column and len(_measured(tables, column))
    }


def _draw_rank(axes: Sequence[Axes], tables: PermutedTables, column: str, *, first_panel: int) -> list[str]:
    """Draw the panels of a rank, that of all tasks last; return what is said of the arms."""
    rows = _measured(tables, column)
    task = int(rows["task"].to_numpy().max())
    panel(axes[-1], first_panel + len(axes) - 1, _TASKS)
    format_y(axes[0], _ACCURACY, "permuted")
    for arm in tables.continued:
        part, look = rows_where(rows, rows["arm"].eq(arm)), _look(tables, arm)
        x, y = (over_seeds(part, "task", name, tables.analysis.confidence)["mean"] for name in (column, _ACCURACY))
        axes[-1].plot(x, y, look.marker, color=look.color, markersize=3, alpha=0.7, label=arm)
    if len(axes) == 1:
        return []
    panel(axes[0], first_panel, f"Arms, task {task}")
    return _draw_arms(axes[0], tables, rows_where(rows, rows["task"].eq(task)), column)


def _measured(tables: PermutedTables, column: str) -> pd.DataFrame:
    rows = rows_where(tables.kept, tables.kept["arm"].isin(tables.continued))
    return rows_where(rows, np.isfinite(rows[[column, _ACCURACY]].astype(float)).all(axis=1))


def _threshold(value: str) -> str:
    share = value.removesuffix("_of_largest")
    return share if share == value else f"{share} of the largest"


def _draw_arms(ax: Axes, tables: PermutedTables, rows: pd.DataFrame, column: str) -> list[str]:
    """Draw a point per arm with its intervals; return what is said of their correlation."""
    points = []
    for arm in tables.continued:
        part, look = rows_where(rows, rows["arm"].eq(arm)), _look(tables, arm)
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
