"""Plasticity gap by length of the warm-up.

Test accuracy of a network trained on the full set from random initialisation, minus that of the arm after
fine-tuning on the same set, both at the same seed; in percentage points. Above zero, the warm-up costs
plasticity; below zero, it helps. One panel per arm, all with the same axes.

Thin lines are the paired differences of single seeds, {{ n }}; bold lines are their means, bands {{ intervals }}. All
values of the seeds lie within the panels; bands much wider than their span are cut off. Diverged networks are excluded
and counted below the panels.

Not in Bonifazi et al. (2024, arXiv:2404.02719), which has no random-init baseline; the gap is that of Ash & Adams
(2020, arXiv:1910.08475).
"""

import textwrap
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.axes import WARM_UP_AXIS, fit_y, format_epochs, format_y, metric_label
from plasticity.report.figures.layout import (
    drop_unused,
    empty,
    grid_shape,
    label_axes,
    panel,
    say,
    top_legend,
    write_notes,
)
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, THINNEST, Style
from plasticity.studies.warm_start.figure_tables import FigureTables, cap_note

TABLES = ("metrics",)

_GAP = "plasticity_gap"
_MANY = 20  # checkpoints, above which a seed's are no longer marked


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw the plasticity gap against warm-up epoch, a panel per arm; above zero, plasticity was lost."""
    gaps = {arm: tables.along(arm, _GAP) for arm in tables.warmed}
    known = any(map(len, gaps.values()))
    rows, columns = grid_shape(len(gaps) if known else 1)
    figure, axes = style.figure(rows, columns, height=1.2 + 1.5 * rows + 0.4 * (rows == 1), sharex=True, sharey=True)
    if known:
        drop_unused(axes, len(gaps))
        for position, (arm, gap) in enumerate(gaps.items()):
            ax = axes.flat[position]
            panel(ax, position, _wrapped(tables.label(arm), figure, columns))
            _draw_panel(ax, tables, arm, gap)
        _scale(axes[0, 0], tables, gaps)
        label_axes(axes, x=WARM_UP_AXIS, y=metric_label(_GAP), above="Above zero: random init is more accurate")
        top_legend(figure, _key(tables, gaps))
    else:
        empty(axes[0, 0], "No gap: it needs random init and a warmed-up arm at the same seed")
        label_axes(axes, x=WARM_UP_AXIS, y=metric_label(_GAP))
    write_notes(figure, tables.exclusions(tables.arms) + cap_note(tables, tables.arms))
    return figure


def _draw_panel(ax: Axes, tables: FigureTables, arm: str, gap: pd.DataFrame) -> None:
    looks = tables.styles[arm]
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    if gap.empty:
        say(ax, "no finite gap")
        return
    many = len(gap) > _MANY
    keys: dict[str, Any] = (
        {"linewidth": THINNEST, "alpha": 0.45} if many else {"linewidth": 0.6, "alpha": 0.7, "marker": "."}
    )
    for seed, values in tables.by_seed(arm, _GAP).items():
        ax.plot(values["x"], values["value"], label=f"{arm} seed {seed}", color=looks.color, markersize=2, **keys)
    draw_band(ax, gap, looks, label=arm, linewidth=1.3, zorder=3, markevery=len(gap) // 6 if many else 1)


def _scale(ax: Axes, tables: FigureTables, gaps: dict[str, pd.DataFrame]) -> None:
    """Choose the limits that all panels share: every seed's value is within."""
    of_seeds = [values for arm in gaps for values in tables.by_seed(arm, _GAP).values()]
    points = [
        values.rename(columns={"value": "mean"}).assign(low=float("nan"), high=float("nan")) for values in of_seeds
    ]
    fit_y(ax, [*gaps.values(), *points], include=0)
    format_y(ax, _GAP)
    format_epochs(ax, list(gaps.values()))


def _key(tables: FigureTables, gaps: dict[str, pd.DataFrame]) -> list[Line2D]:
    key = [
        Line2D([], [], color=NEUTRAL, linewidth=0.6, label="one seed"),
        Line2D([], [], color=NEUTRAL, linewidth=1.3, marker="o", label="mean over seeds"),
    ]
    if any(gap["low"].notna().any() for gap in gaps.values()):
        two = max(count for gap in gaps.values() for count in gap["n"].tolist()) == 2
        label = "range of both" if two else f"{100 * tables.analysis.confidence:g} % interval of the mean"
        key.append(Line2D([], [], color=NEUTRAL, linewidth=7, alpha=0.25, solid_capstyle="butt", label=label))
    return key


def _wrapped(label: str, figure: Figure, columns: int) -> str:
    """Break an arm's name so that it does not reach into the neighbouring panel."""
    room = (figure.get_figwidth() - 0.5) / columns - 0.3
    return "\n".join(textwrap.wrap(label, max(8, int(room / 0.068 * 8 / mpl.rcParams["font.size"])))) or label
