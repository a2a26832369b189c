"""For how many tasks does the first task matter?

Correlation across the runs of an experiment, separately for each later task: Pearson's r between NC1 after the first
task (solid) and the plasticity gap on the later task, which is the online accuracy of a fresh network on the same task
minus that of the run; as a control, the same for the number of first-task epochs (dashed); and the partial
correlation of NC1 controlling for log epochs (dash-dotted). Panels are experiments. A correlation of NC1 that only
mirrors that of the epochs is no evidence for collapse.

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
from plasticity.report.figures.layout import label_axes, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import missing_notes, rows_where, single_seed_note
from plasticity.studies.continual.figure_tables import PermutedTables

TABLES = ("correlations",)

_OUTCOME = "plasticity_gap"
_LINES = {
    "NC1 after the first task": ({"metric": "nc1", "method": "pearson"}, ArmStyle("#0072B2", "o")),
    "epochs on the first task": ({"metric": "first_task_epochs", "method": "pearson"}, ArmStyle("#D55E00", "s", "--")),
    "NC1, adjusted for log epochs": ({"metric": "nc1", "method": "partial_log"}, ArmStyle("#009E73", "^", "-.")),
}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the coefficients of the gap against the later task's number, a panel per experiment."""
    rows = tables.coefficients(window_kind="task", aggregate="pooled", outcome=_OUTCOME)
    rows = rows_where(rows, rows["window_end"].ge(2))
    experiments = [name for name in tables.families if name in set(rows["arm"])]
    columns = max(1, len(experiments))
    figure, axes = style.figure(1, columns, height=2.9, sharex=True, sharey=True)
    drawn: list[pd.DataFrame] = []
    for column, ax in enumerate(axes[0]):
        experiment = experiments[column] if experiments else ""
        panel(ax, column, tables.family_label(experiment) if experiment else "Correlation with plasticity gap")
        drawn += _draw_panel(ax, rows_where(rows, rows["arm"].eq(experiment)))
    if drawn:
        format_epochs(axes[0, 0], drawn)
    else:
        axes[0, 0].set_xticks([])
    label_axes(axes, x="Later task (number)", y="Correlation with the gap\nacross runs (dimensionless)")
    top_legend(figure, [sample(looks, label) for label, (_, looks) in _LINES.items()] if drawn else [])
    write_notes(figure, _notes(tables, rows, experiments))
    return figure


def _draw_panel(ax: Axes, rows: pd.DataFrame) -> list[pd.DataFrame]:
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    ax.set_ylim(-1.05, 1.05)
    ax.set_yticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    names = {"window_end": "x", "estimate": "mean", "ci_low": "low", "ci_high": "high"}
    drawn = []
    for label, (keys, looks) in _LINES.items():
        found = rows_where(rows, rows["metric"].eq(keys["metric"]) & rows["method"].eq(keys["method"]))
        if np.isfinite(found["estimate"].to_numpy(dtype=float)).any():
            drawn.append(found.rename(columns=names))
            draw_band(ax, drawn[-1], looks, label=label, markersize=3)
    if not drawn:
        say(ax, "no correlations across runs")
    return drawn


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
