"""What agents learn, and how much plasticity they keep.

One column per environment, one line per arm. (top) Share of right actions since the last update of the target network,
random ones included; with ten classes, chance is one tenth. (bottom) Probe loss: how well copies of the agent's network
fit new random targets, after the number of steps in ``measure.probe``; a rising line means lost plasticity.

Lines are means over {{ n }}, bands {{ intervals }}.

Lyle et al. (2023, arXiv:2303.01486), Figures 10 to 13, show probe losses and behaviour of such agents. Bonifazi et al.
(2024, arXiv:2404.02719) have no agents.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import as_percent, fit_y, format_epochs
from plasticity.report.figures.layout import panel, sample, say, top_legend, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import Style
from plasticity.studies.agents.figure_tables import (
    ENVIRONMENTS,
    AgentTables,
    environment_of,
    method_of,
)
from plasticity.studies.agents.quantities import PROBE_LOSS

TABLES = ("metrics",)

_STEPS = "Training (steps)"
_ROWS = {"right_actions": "Right actions (%)", PROBE_LOSS: "Probe loss (dimensionless)"}


def draw(tables: AgentTables, style: Style) -> Figure:
    """Draw behaviour and probe loss of every arm, a column of panels per environment."""
    present = set(tables.metrics["environment"])
    environments = [name for name in ENVIRONMENTS if name in present] or [""]
    figure, axes = style.figure(2, len(environments), height=4.4, sharex=True, sharey="row")
    for row, (column, label) in enumerate(_ROWS.items()):
        drawn: list[pd.DataFrame] = []
        for place, environment in enumerate(environments):
            ax = axes[row, place]
            panel(ax, row * len(environments) + place, environment.replace("_", " ") if row == 0 else "")
            drawn += _draw_panel(ax, tables, environment, column)
        if drawn:
            fit_y(axes[row, 0], drawn)
        axes[row, 0].set_ylabel(label)
    as_percent(axes[0, 0])
    for ax in axes[-1]:
        format_epochs(ax, [], _STEPS)
    labels = {method_of(arm): tables.method_label(arm) for arm in reversed(tables.arms)}
    shown = {line.get_label() for ax in figure.axes for line in ax.lines}
    top_legend(figure, [sample(looks, labels[name]) for name, looks in tables.methods.items() if name in shown])
    write_notes(figure, tables.exclusions())
    return figure


def _draw_panel(ax: Axes, tables: AgentTables, environment: str, column: str) -> list[pd.DataFrame]:
    drawn = []
    for arm in tables.arms if column in tables.metrics else ():
        summary = tables.along(arm, column) if environment_of(arm) == environment else pd.DataFrame()
        if len(summary):
            draw_band(ax, summary, tables.methods[method_of(arm)], label=method_of(arm))
            drawn.append(summary)
    if not drawn:
        say(ax, "not measured")
    return drawn
