"""Accuracy and collapse over a sequence of tasks.

Tasks are {{ study.tasks.name.replace('_', ' ') }}. (a) Online accuracy: the share of a task's steps, over all of its
epochs, whose prediction before the update was right. (b) NC1 after the task, Tr(Σ_W Σ_B†)/C on its training images; 0
is full collapse. Solid: a network trained on task after task. Dashed: a freshly initialised network for each task, on
the same images in the same order.

Lines are means over {{ n }}, bands ± one standard deviation over seeds, as in the paper; they are not confidence
intervals. The note below the panels gives r between the two means over seeds, as the paper reports it, the mean of r
within a seed, and the mean of r between changes from task to task, with t intervals over seeds at {{ confidence }}.
Two series that only share a trend correlate strongly in the first and not in the last.

Corresponds to Figure 1 of Bonifazi et al. (2024, arXiv:2404.02719), which shows both curves on two axes of one panel
and no fresh network.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import TASK_AXIS, fit_y, format_epochs, format_y
from plasticity.report.figures.layout import arm_legend, panel, say, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import coefficient_text, with_deviation
from plasticity.studies.continual.figure_tables import REFERENCE, PermutedTables

TABLES = ("metrics", "correlations")

_PANELS = {"online_accuracy": "Online accuracy on each task", "nc1": "NC1 after each task"}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw both quantities of the continual arm and of the fresh networks, mean and standard deviation of the seeds."""
    figure, axes = style.figure(2, 1, height=4.2, sharex=True)
    for position, (ax, (column, title)) in enumerate(zip(axes[:, 0], _PANELS.items(), strict=True)):
        panel(ax, position, title)
        _draw_panel(ax, tables, column, log=column == "nc1" and bool(style.log_y))
    arm_legend(figure, tables)
    write_notes(figure, _coefficient_notes(tables) + tables.exclusions((tables.main, REFERENCE)))
    return figure


def _draw_panel(ax: Axes, tables: PermutedTables, column: str, *, log: bool) -> None:
    drawn = {arm: with_deviation(tables.along(arm, column)) for arm in (tables.main, REFERENCE)}
    drawn = {arm: summary for arm, summary in drawn.items() if len(summary)}
    for arm, summary in drawn.items():
        draw_band(ax, summary, tables.styles[arm], label=arm)
    if tables.main not in drawn:
        say(ax, f"no finite values of {tables.label(tables.main)}")
    fit_y(ax, list(drawn.values()), log=log)
    format_y(ax, column, "permuted")
    format_epochs(ax, list(drawn.values()), TASK_AXIS)
    ax.label_outer()


def _coefficient_notes(tables: PermutedTables) -> list[str]:
    """Return r as the paper took it, between means over seeds, and what it is within a seed and without trends."""
    same = {"arm": tables.main, "metric": "nc1", "outcome": "online_accuracy", "window_kind": "all"}
    kinds = {
        "of means over seeds": {"aggregate": "averaged", "method": "pearson"},
        "mean of per-seed r": {"aggregate": "mean", "method": "pearson"},
        "mean of per-seed r of first differences": {"aggregate": "mean", "method": "first_difference"},
    }
    rows = {kind: tables.coefficients(**same, **keys) for kind, keys in kinds.items()}
    parts = [f"{kind} {coefficient_text(found)}" for kind, found in rows.items() if len(found)]
    if not parts:
        return [f"{tables.label(tables.main)}: no correlations over tasks."]
    return [f"r(NC1, online accuracy) of {tables.label(tables.main)}: {'; '.join(parts)}."]
