"""Return during training, and capacity of the networks when the friction changes.

(a) Return, the sum of an episode's rewards, mean of the episodes around each point; vertical lines are changes of
friction. (b) Return in the last tenth of each task. (c) Effective rank of the last hidden layer of the actor and (d)
its dead units, on the observations made just before the friction changes; task 0 is before training.

Lines are means over {{ n }}, bands {{ intervals }}. All arms of a seed have the same frictions.

Dohare et al. (2024, Nature 632), Figure 3, show the return of such agents. Bonifazi et al. (2024, arXiv:2404.02719)
have no agents.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import TASK_AXIS, as_percent, fit_y, format_epochs
from plasticity.report.figures.layout import arm_legend, panel, say, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.studies.locomotion.figure_tables import LocomotionTables

TABLES = ("metrics", "returns")

_RETURN = "Return (sum of rewards)"
_BY_TASK = {
    "last_return": ("End of each task", _RETURN),
    "effective_rank": ("Features of the actor", "Effective rank (dimensionless)"),
    "dead_units": ("Units of the actor", "Dead units (%)"),
}


def draw(tables: LocomotionTables, style: Style) -> Figure:
    """Draw returns by step, and returns, ranks and dead units by task, a line per arm."""
    figure, axes = style.figure(2, 2, height=4.8)
    first = axes[0, 0]
    curves = {arm: tables.by_step(arm) for arm in tables.arms}
    panel(first, 0, "Whole training")
    first.set_ylabel(_RETURN)
    for step in tables.changes:
        first.axvline(step, color=NEUTRAL, linewidth=0.6, linestyle=":", zorder=1, label="_change of friction")
    _draw(first, tables, curves)
    format_epochs(first, [], "Training (steps)")
    for place, (column, (title, label)) in enumerate(_BY_TASK.items(), 1):
        ax = axes.flat[place]
        panel(ax, place, title)
        ax.set_ylabel(label)
        _draw(ax, tables, {arm: tables.along(arm, column) for arm in tables.arms})
        format_epochs(ax, [], TASK_AXIS)
    as_percent(axes[1, 1])
    arm_legend(figure, tables)
    write_notes(figure, tables.exclusions())
    return figure


def _draw(ax: Axes, tables: LocomotionTables, summaries: dict[str, pd.DataFrame]) -> None:
    drawn = {arm: summary for arm, summary in summaries.items() if len(summary)}
    for arm, summary in drawn.items():
        draw_band(ax, summary, tables.styles[arm], label=arm)
    if drawn:
        fit_y(ax, list(drawn.values()))
    else:
        say(ax, "no episode ended")
