"""Are collapse and accuracy correlated from task to task, or do both only change with time?

Correlation over the tasks of the arm continual, or else of the study's first arm, between NC1 to NC4 after a task
and two outcomes on it: online accuracy, and the plasticity gap to a fresh network. Rows: Pearson's r between means
over seeds, as the paper reports it; Pearson's r within a seed, averaged over seeds; partial correlations within
a seed, controlling for the task number, its logarithm, or a spline of it; and Pearson's r between changes from
task to task, which are free of common trends. A correlation due to collapse alone would persist in all rows.

Points are estimates from {{ n }}, bars t intervals over seeds at {{ confidence }}.
NC4 rises with collapse while NC1 to NC3 fall, and the gap grows as accuracy falls, so signs are opposite.

Not in Bonifazi et al. (2024, arXiv:2404.02719), which reports the first row for NC1 and online accuracy.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.forest import frame_correlations, mark_undefined
from plasticity.report.figures.layout import label_axes, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import COLLAPSE, missing_notes, rows_where, single_seed_note
from plasticity.studies.continual.figure_tables import PermutedTables

TABLES = ("correlations",)

_ROWS = {
    ("averaged", "pearson"): "Pearson,\nmeans over seeds",
    ("mean", "pearson"): "Pearson,\nmean of per-seed r",
    ("mean", "partial_linear"): "partial,\nlinear in task",
    ("mean", "partial_log"): "partial,\nlog of task",
    ("mean", "partial_spline"): "partial,\nspline of task",
    ("mean", "first_difference"): "first\ndifferences",
}
_OUTCOMES = {
    "online_accuracy": ("online accuracy", ArmStyle("#0072B2", "o")),
    "plasticity_gap": ("plasticity gap", ArmStyle("#E69F00", "s")),
}
_APART = 0.2


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw plain, partial and first-difference correlations of NC1 to NC4 with accuracy and gap, one arm."""
    figure, axes = style.figure(1, 4, height=3.6, sharey=True)
    rows = pd.concat([_coefficients(tables, aggregate, method) for aggregate, method in _ROWS])
    for position, (ax, metric) in enumerate(zip(axes[0], COLLAPSE, strict=True)):
        panel(ax, position, metric.upper())
        frame_correlations(ax, len(_ROWS))
        of_metric = rows_where(rows, rows["metric"].eq(metric))
        for place, outcome in enumerate(_OUTCOMES):
            _draw_outcome(
                ax, rows_where(of_metric, of_metric["outcome"].eq(outcome)), outcome, _APART * (2 * place - 1)
            )
        if of_metric.empty:
            say(ax, "no coefficients")
    axes[0, 0].set_yticks(range(len(_ROWS)), list(_ROWS.values()))
    axes[0, 0].invert_yaxis()
    label_axes(axes, x="Correlation over the tasks (dimensionless)")
    drawn = [key for key in _OUTCOMES if key in set(rows["outcome"])]
    top_legend(figure, [_handle(key) for key in drawn])
    notes = [f"Arm: {tables.label(tables.main)}."] if len(rows) else [f"No rows of {tables.label(tables.main)}."]
    write_notes(figure, notes + missing_notes(rows) + single_seed_note(rows))
    return figure


def _coefficients(tables: PermutedTables, aggregate: str, method: str) -> pd.DataFrame:
    rows = tables.coefficients(arm=tables.main, window_kind="all", aggregate=aggregate, method=method)
    return rows_where(rows, rows["metric"].isin(COLLAPSE) & rows["outcome"].isin(list(_OUTCOMES)))


def _draw_outcome(ax: Axes, rows: pd.DataFrame, outcome: str, offset: float) -> None:
    if rows.empty:
        return
    label, looks = _OUTCOMES[outcome]
    keyed = rows.set_index(["aggregate", "method"])
    found = keyed.loc[~keyed.index.duplicated()].reindex(pd.MultiIndex.from_tuples(list(_ROWS)))
    y = np.arange(len(_ROWS)) + offset
    ax.plot(found["estimate"], y, label=label, color=looks.color, marker=looks.marker, linestyle="none", markersize=3.5)
    known = found["ci_low"].notna().to_numpy()
    ends = found["ci_low"][known], found["ci_high"][known]
    if known.any():
        ax.hlines(y[known], *ends, color=looks.color, linewidth=1.1, label=f"{label} interval")
    mark_undefined(ax, y[found["estimate"].isna().to_numpy()], looks.color)


def _handle(outcome: str) -> Line2D:
    label, looks = _OUTCOMES[outcome]
    return sample(ArmStyle(looks.color, looks.marker, "none"), label)
