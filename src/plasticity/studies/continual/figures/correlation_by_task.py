"""For how many tasks does the first task matter?

Correlation across the runs of an experiment, separately for each later task. Rows: Pearson's r between NC1 after the
first task and the plasticity gap on the later task, which is the online accuracy of a fresh network on the same task
minus that of the run; as a control, the same for the number of first-task epochs; and the partial correlation of NC1
controlling for log epochs. Columns are experiments. A correlation of NC1 that only mirrors that of the epochs is no
evidence for collapse.

All runs are pooled. Runs of one seed are nested and only seeds are independent, so bands are t intervals over
the {{ n }} at {{ confidence }}. They are not corrected for the number of tasks; what matters is the course over tasks.

Not among the figures of Bonifazi et al. (2024, arXiv:2404.02719), whose notebook has such curves without intervals.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import format_epochs
from plasticity.report.figures.layout import label_axes, panel, say, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import missing_notes, rows_where, single_seed_note
from plasticity.studies.continual.figure_tables import PermutedTables

TABLES = ("correlations",)

_OUTCOME = "plasticity_gap"
_LINES = {
    "NC1 after the first task": ({"metric": "nc1", "method": "pearson"}, ArmStyle("#0072B2", "o")),
    "Epochs on the first task": ({"metric": "first_task_epochs", "method": "pearson"}, ArmStyle("#D55E00", "s")),
    "NC1, adjusted for log epochs": ({"metric": "nc1", "method": "partial_log"}, ArmStyle("#009E73", "^")),
}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the coefficients of the gap against the later task's number, a row each, a column per experiment."""
    rows = tables.coefficients(window_kind="task", aggregate="pooled", outcome=_OUTCOME)
    rows = rows_where(rows, rows["window_end"].ge(2))
    experiments = [name for name in tables.families if name in set(rows["arm"])]
    columns = max(1, len(experiments))
    figure, axes = style.figure(len(_LINES), columns, height=4.6, sharex=True, sharey=True)
    drawn: list[pd.DataFrame] = []
    for place, ax in enumerate(axes.flat):
        row, column = divmod(place, columns)
        experiment = experiments[column] if experiments else ""
        label = list(_LINES)[row]
        above = f"{tables.family_label(experiment)}\n" if experiment and not row else ""
        panel(ax, place, f"{above}{label}")
        drawn += _draw_panel(ax, rows_where(rows, rows["arm"].eq(experiment)), label)
    if drawn:
        format_epochs(axes[0, 0], drawn)
    else:
        axes[0, 0].set_xticks([])
    label_axes(axes, x="Later task (number)", y="Correlation with the gap\nacross runs (dimensionless)")
    write_notes(figure, _notes(tables, rows, experiments))
    return figure


def _draw_panel(ax: Axes, rows: pd.DataFrame, label: str) -> list[pd.DataFrame]:
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    ax.set_ylim(-1.05, 1.05)
    ax.set_yticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    names = {"window_end": "x", "estimate": "mean", "ci_low": "low", "ci_high": "high"}
    keys, looks = _LINES[label]
    found = rows_where(rows, rows["metric"].eq(keys["metric"]) & rows["method"].eq(keys["method"]))
    if not np.isfinite(found["estimate"].to_numpy(dtype=float)).any():
        say(ax, "no correlations across runs")
        return []
    drawn = found.rename(columns=names)
    draw_band(ax, drawn, looks, label=label, linewidth=1, markersize=3)
    return [drawn]


def _notes(tables: PermutedTables, rows: pd.DataFrame, experiments: list[str]) -> list[str]:
    several = [name for name, arms in tables.families.items() if len(arms) > 1 and name not in experiments]
    notes = [f"No correlations across the runs of {name.replace('_', ' ')}." for name in several]
    used = rows_where(rows, rows["arm"].isin(experiments) & _drawn(rows))
    for name in experiments:
        points = rows_where(used, used["arm"].eq(name))["n_points"]
        notes += [f"{tables.family_label(name)}: at most {points.max()} runs."] if len(points) else []
    return notes + missing_notes(used) + single_seed_note(used)


def _drawn(rows: pd.DataFrame) -> pd.Series:
    pairs = {(keys["metric"], keys["method"]) for keys, _ in _LINES.values()}
    return pd.Series(list(zip(rows["metric"], rows["method"], strict=True)), rows.index, dtype=object).isin(pairs)
