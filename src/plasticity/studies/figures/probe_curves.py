"""Learning curves of the plasticity probe.

Loss of copies of the network while they learn random targets, from the initialisation and from later checkpoints; later
lines are darker. The loss is the mean squared error on noise targets and the cross-entropy, in nats, on random labels.
One panel per arm. Dashed: a fresh network on the same targets as at the last of these checkpoints. Lines are means over
the targets and over {{ n }}. A curve that stays above that of the initialisation shows lost plasticity.

Counterpart of Figure 4 of Lyle et al. (2023, arXiv:2303.01486), a convolutional network in deep Q-learning on CIFAR-10.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import SEQUENCE
from plasticity.report.figures.layout import drop_unused, empty, grid_shape, label_axes, panel, top_legend, write_notes
from plasticity.report.figures.stored import Moment
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.style import NEUTRAL, Style

TABLES = ("metrics",)

_CURVES, _FRESH, _STEPS = "probe_curves", "fresh_probe_curves", "probe_steps"
_MOST = 6  # moments that are shown
_FRESH_NAME = "Fresh network"


def draw(tables: StudyTables, style: Style) -> Figure:
    """Draw the curves of every arm, a line per moment."""
    found = tables.moments((_CURVES, _FRESH, _STEPS))
    places = np.unique(np.linspace(0, len(found) - 1, min(len(found), _MOST)).round().astype(int)) if found else []
    shown = [found[place] for place in places]
    arms = [arm for arm in tables.networks if any(moment.of(arm) for moment in shown)]
    rows, columns = grid_shape(len(arms)) if arms else (1, 1)
    figure, axes = style.figure(rows, columns, height=0.8 + 1.8 * rows, sharex=True, sharey=True)
    label_axes(axes, x="Training on the random targets (steps)", y="Probe loss (dimensionless)")
    write_notes(figure, tables.exclusions())
    if not arms:
        panel(axes[0, 0], 0, "Learning curves")
        empty(axes[0, 0], "no learning curves stored (measure.probe.keep)")
        return figure
    colors = [SEQUENCE(place) for place in np.linspace(0, 1, len(shown))]
    for place, (ax, arm) in enumerate(zip(axes.flat, arms, strict=False)):
        panel(ax, place, tables.label(arm))
        for moment, color in zip(shown, colors, strict=True):
            _line(ax, moment, arm, _CURVES, color=color, label=moment.title)
        _line(ax, shown[-1], arm, _FRESH, color=NEUTRAL, linestyle="--", label=_FRESH_NAME)
    drop_unused(axes, len(arms))
    lines = {str(line.get_label()): line for ax in figure.axes for line in ax.lines}
    order = [name for name in (*(moment.title for moment in shown), _FRESH_NAME) if name in lines]
    look = {name: {"color": lines[name].get_color(), "linestyle": lines[name].get_linestyle()} for name in order}
    top_legend(figure, [Line2D([], [], label=name, **options) for name, options in look.items()])
    return figure


def _line(ax: Axes, moment: Moment, arm: str, column: str, **line: Any) -> None:
    """Draw the mean over copies and seeds."""
    if stored := moment.of(arm):
        steps = stored[0][_STEPS]
        losses = np.mean([each[column].reshape(-1, len(steps)).mean(0) for each in stored], axis=0)
        ax.plot(steps, losses, linewidth=1, **line)
