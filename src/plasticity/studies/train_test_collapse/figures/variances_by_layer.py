"""Cascading collapse: which layers collapse, and when.

Variance of every hidden layer over the iterations of the first task, from light (first layer) to dark (last layer).
(a) Train variance with the class means of the last checkpoint, as in the paper. (b) Train variance with each
checkpoint's own class means: variability within classes only, independent of how far the means still move. (c) The
same on test images. With several arms, one row per arm.

Lines are geometric means over {{ n }}, bands {{ intervals }}, both computed from logarithms.

Hui, Belkin & Nakkiran (2022, arXiv:2202.08384), Figure 6, show (a) for one run. Not in Bonifazi et al. (2024,
arXiv:2404.02719), who study the last layer only.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import SEQUENCE, ArmStyle
from plasticity.report.figures.axes import ITERATION_AXIS, fit_y, format_log_amounts
from plasticity.report.figures.layout import drop_unused, empty, label_axes, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import rows_where
from plasticity.studies.train_test_collapse.figure_tables import OWN, TrainTestTables

TABLES = ("metrics",)

_PANELS = {
    "train_variance": "Train, final means",
    f"{OWN}train_variance": "Train, own means",
    f"{OWN}strong_test_variance": "Strong test, own means",
}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


def draw(tables: TrainTestTables, style: Style) -> Figure:
    """Draw the variances of every hidden layer of the arms that have several, an arm per row.

    Lines are geometric means over seeds, bands their intervals.
    """
    arms = [arm for arm in tables.measured if len(tables.layers(arm)) > 1]
    figure, axes = style.figure(
        max(1, len(arms)), len(_PANELS), height=0.9 + (2.1 if len(arms) < 3 else 1.7) * max(1, len(arms)), sharey=True
    )
    drawn: list[pd.DataFrame] = []
    for row, arm in enumerate(arms):
        for column, (name, title) in enumerate(_PANELS.items()):
            ax = axes[row, column]
            above = f"{tables.label(arm)}\n" if len(arms) > 1 else ""
            panel(ax, row * len(_PANELS) + column, f"{above}{title}")
            drawn += _draw_panel(ax, tables, arm, name)
    if not arms:
        empty(axes[0, 0], "no network with\nseveral hidden layers")
        drop_unused(axes, 1)
    if drawn:
        fit_y(axes[0, 0], drawn, log=style.log_y is not False)
    label_axes(axes[:, : len(_PANELS) if arms else 1], x=ITERATION_AXIS, y="Variance (dimensionless)")
    top_legend(figure, _key(tables, arms) if drawn else [])
    write_notes(figure, tables.exclusions(arms))
    return figure


def _draw_panel(ax: Axes, tables: TrainTestTables, arm: str, column: str) -> list[pd.DataFrame]:
    layers = tables.layers(arm)
    drawn = []
    for place, layer in enumerate(layers):
        summary = tables.by_iteration(arm, column, layer=layer)
        if len(summary):
            draw_band(ax, summary, _style(place, len(layers)), label=f"layer {layer}")
            drawn.append(summary)
    if drawn:
        format_log_amounts(ax, pd.concat(drawn)["x"].to_numpy(dtype=float), ITERATION_AXIS)
    else:
        say(ax, "no finite variance")
    return drawn


def _style(place: int, count: int) -> ArmStyle:
    shade = SEQUENCE(place / max(count - 1, 1))
    color = "#" + "".join(f"{round(255 * part):02X}" for part in shade[:3])
    return ArmStyle(color, _MARKERS[place % len(_MARKERS)])


def _key(tables: TrainTestTables, arms: list[str]) -> list:
    rows = rows_where(tables.metrics, tables.metrics["arm"].isin(arms))
    layers = sorted(set(rows["layer"].tolist()))
    return [sample(_style(place, len(layers)), f"hidden layer {layer}") for place, layer in enumerate(layers)]
