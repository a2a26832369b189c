"""Does collapse on training images hold on test images?

Variances of the last hidden layer over the iterations of the first task, from the first iteration on; one panel per
arm measured during training. *Train*: mean squared distance of the training images' features from their class mean,
divided by that of the class means from their own mean. *Strong test*: the same on test images, with their own class
means. *Weak test*: the same on test images, to the nearest of as many k-means centres as there are classes
({{ study.measure.k_means_restarts }} restarts), without labels. Solid: class means of the last
checkpoint, as in the paper (*final means*). Dotted: those of each checkpoint (*own means*); the two coincide at the
last checkpoint.

Lines are geometric means over {{ n }}, bands (of solid lines) {{ intervals }}, both computed from logarithms.

Hui, Belkin & Nakkiran (2022, arXiv:2202.08384), Figures 1 to 3, show one run and no own means; NC1 of Bonifazi et
al. (2024, arXiv:2404.02719) is a different quantity, in the same table.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import ITERATION_AXIS, fit_y, format_log_amounts
from plasticity.report.figures.layout import (
    drop_unused,
    empty,
    grid_shape,
    label_axes,
    panel,
    sample,
    say,
    top_legend,
    write_notes,
)
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import Style
from plasticity.studies.train_test_collapse.figure_tables import OWN, VARIANCES, TrainTestTables

TABLES = ("metrics",)


def draw(tables: TrainTestTables, style: Style) -> Figure:
    """Draw the variances of the last hidden layer, a panel per arm that was watched.

    Lines are geometric means over seeds, bands the intervals of those against the final means; dotted lines are against
    own means.
    """
    arms = tables.watched or ("",)
    rows, columns = grid_shape(len(arms)) if len(arms) > 1 else (1, 1)
    figure, axes = style.figure(rows, columns, height=1.0 + 2.2 * rows, sharex=True, sharey=True)
    drawn: list[pd.DataFrame] = []
    for position, (ax, arm) in enumerate(zip(axes.flat, arms, strict=False)):
        panel(ax, position, tables.label(arm) if arm else "")
        drawn += _draw_panel(ax, tables, arm) if arm else []
    if not tables.watched:
        empty(axes[0, 0], "no training measured")
    if drawn:
        fit_y(axes[0, 0], drawn, log=style.log_y is not False)
        format_log_amounts(axes[0, 0], pd.concat(drawn)["x"].to_numpy(dtype=float), ITERATION_AXIS)
    label_axes(axes, x=ITERATION_AXIS, y="Variance (dimensionless)", above="Last hidden layer")
    drop_unused(axes, len(arms))
    top_legend(figure, _key() if drawn else [])
    write_notes(figure, tables.exclusions(tables.watched))
    return figure


def _draw_panel(ax: Axes, tables: TrainTestTables, arm: str) -> list[pd.DataFrame]:
    drawn = []
    for column, (_, looks) in VARIANCES.items():
        own, summary = tables.by_iteration(arm, OWN + column), tables.by_iteration(arm, column)
        if len(own):
            x, mean = own[["x", "mean"]].to_numpy(dtype=float).T
            ax.plot(x, mean, color=looks.color, linestyle=":", linewidth=0.9, label=OWN + column)
        if len(summary):
            draw_band(ax, summary, looks, label=column)
        drawn += [found for found in (own, summary) if len(found)]
    if not drawn:
        say(ax, "no finite variance")
    return drawn


def _key() -> list:
    frozen = [sample(looks, f"{label}, final means") for label, looks in VARIANCES.values()]
    own = [sample(ArmStyle(looks.color, "", ":"), f"{label}, own means") for label, looks in VARIANCES.values()]
    return [line for pair in zip(frozen, own, strict=True) for line in pair]
