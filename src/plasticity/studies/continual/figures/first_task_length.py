"""Collapse and plasticity loss by length of the first task.

(a) NC1 after the first task; 0 is full collapse. (b) Plasticity loss as published: online accuracy on the first
task, averaged over its epochs, minus that on a later task. Longer training on the first task raises the former, so
this loss grows even if no later task is learnt worse. (c) Loss relative to a fresh network: online accuracy of
random_init on the same later task, same images in the same order, minus that of the continually trained network. (b)
and (c) share their axis; they differ only in the reference. Solid: the second task. Dashed: mean over all later
tasks, for runs that have all of them.

Lines are means over {{ n }}, bands ± one standard deviation over seeds, as in the paper; they are not confidence
intervals. Diverged networks are excluded and counted below the panels.

(a, b) correspond to Figure 2 of Bonifazi et al. (2024, arXiv:2404.02719); its code does not say which later tasks the
loss is averaged over. (c) is not in the paper.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import FIRST_TASK_AXIS, fit_y, format_log_epochs, format_y
from plasticity.report.figures.layout import panel, sample, say, top_legend, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import over_seeds, with_deviation
from plasticity.studies.continual.figure_tables import PermutedTables, finite_runs

TABLES = ("metrics",)

_EXPERIMENT = "first_task_length"
_COLLAPSE = ArmStyle(NEUTRAL, "D")
_TASKS = {
    "second": ("on task 2", ArmStyle("#0072B2", "o")),
    "later": ("mean over all later tasks", ArmStyle("#E69F00", "s", "--")),
}
_LOSSES = {
    "published_plasticity_loss": "Loss vs. own first task",
    "plasticity_gap": "Loss vs. fresh network",
}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw NC1 after the first task, and what later tasks lose against the first one and against fresh networks.

    Lines are means over seeds, bands one standard deviation; both losses have the same axis.
    """
    figure, axes = style.figure(1, 3, height=2.9)
    collapse, published, fresh = axes[0]
    fresh.sharey(published)
    panel(collapse, 0, "NC1 after the first task")
    _draw_collapse(collapse, tables, log=bool(style.log_y))
    drawn = []
    for position, (ax, (column, title)) in enumerate(zip((published, fresh), _LOSSES.items(), strict=True), start=1):
        panel(ax, position, title)
        drawn += _draw_losses(ax, tables, column)
    if drawn:
        fit_y(published, drawn, include=0)
    else:
        published.set_yticks([])
    for ax, column in zip((published, fresh), _LOSSES, strict=True):
        format_y(ax, column, "permuted")
        ax.set_ylabel("Plasticity loss (percentage points)")
    top_legend(figure, _key(drawn))
    write_notes(figure, _notes(tables))
    return figure


def _draw_collapse(ax: Axes, tables: PermutedTables, *, log: bool) -> None:
    runs = finite_runs(tables.runs(_EXPERIMENT, "online_accuracy"), ["nc1"])
    summary = with_deviation(over_seeds(runs, "first_task_epochs", "nc1", tables.analysis.confidence))
    if len(summary):
        draw_band(ax, summary, _COLLAPSE, label="nc1")
        format_log_epochs(ax, summary["x"].to_numpy(), FIRST_TASK_AXIS)
    else:
        _say_missing(ax, tables)
        ax.set_yticks([])
    fit_y(ax, [summary], log=log)
    format_y(ax, "nc1", "permuted")


def _draw_losses(ax: Axes, tables: PermutedTables, column: str) -> list[pd.DataFrame]:
    runs = tables.runs(_EXPERIMENT, column)
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    drawn = []
    for which, (label, looks) in _TASKS.items():
        found = finite_runs(runs, [which])
        summary = with_deviation(over_seeds(found, "first_task_epochs", which, tables.analysis.confidence))
        if len(summary):
            draw_band(ax, summary, looks, label=label)
            drawn.append(summary)
    if drawn:
        format_log_epochs(ax, pd.concat(drawn)["x"].to_numpy(), FIRST_TASK_AXIS)
    else:
        _say_missing(ax, tables)
    return drawn


def _say_missing(ax: Axes, tables: PermutedTables) -> None:
    absent = _EXPERIMENT not in tables.families
    say(ax, "the study has no arms\nfirst_task_length" if absent else "no finite values")
    ax.set_xticks([])
    ax.set_xlabel(FIRST_TASK_AXIS)


def _key(drawn: list[pd.DataFrame]) -> list[Line2D]:
    return [sample(looks, label) for label, looks in _TASKS.values()] if drawn else []


def _notes(tables: PermutedTables) -> list[str]:
    notes = tables.exclusions(tables.families.get(_EXPERIMENT, ()))
    runs = tables.runs(_EXPERIMENT, "online_accuracy")
    incomplete = len(runs) - len(finite_runs(runs, ["later"]))
    return [*notes, f"No mean over all later tasks: {incomplete} of {len(runs)} runs."] if incomplete else notes
