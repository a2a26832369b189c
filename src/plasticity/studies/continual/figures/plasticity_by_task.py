"""Plasticity gap on each later task.

Plasticity gap from the second task on: online accuracy of a network freshly initialised for this task minus that of
the network trained on all tasks before it, same seed, same images in the same order; in percentage points. Above
zero, plasticity was lost. With up to eight arms of a single setting, (a) shows these, and further panels show one
experiment with several values each, coloured in their order; every panel has its own scale. With more arms, each has a
panel, and the grey line repeats the first one.

Lines are means over {{ n }}, bands {{ intervals }}; panels of more than three arms have none, and bands much wider
than the range of the means are cut off. Diverged networks, and runs whose first task did not reach its threshold, are
excluded and counted below the panels.

Not in Bonifazi et al. (2024, arXiv:2404.02719), which compares with the accuracy on the first task.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.axes import TASK_AXIS, fit_y, format_epochs, format_y
from plasticity.report.figures.layout import (
    drop_unused,
    empty,
    grid_shape,
    label_axes,
    panel,
    sample,
    say,
    side_legend,
    write_notes,
)
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.studies.continual.figure_tables import MAIN, REFERENCE, PermutedTables

TABLES = ("metrics",)

_GAP = "plasticity_gap"
_BANDS = 3  # arms of a panel, above which their bands would hide each other
_SINGLE_ARMS = "Continual learning and interventions"
_LEGIBLE = 8  # arms of a panel, above which each has a panel of its own
_ALONE = ArmStyle("#0072B2", "o")
_NO_GAP = "no finite gap: it needs random_init on the same tasks"
_ABOVE = "Above zero: the fresh network is more accurate"


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the plasticity gap against the task from the second on: single arms first, then each experiment of several.

    Lines are means over seeds with Student's t interval; above zero, a fresh network learns the task better.
    """
    groups = _groups(tables)
    if max(map(len, groups.values()), default=0) > _LEGIBLE:
        return _draw_each(tables, style)
    rows = max(1, len(groups))
    figure, axes = style.figure(rows, 1, height=0.9 + 1.65 * rows + 0.5 * (rows == 1), sharex=True)
    drawn: list[pd.DataFrame] = []
    for position, (ax, (title, names)) in enumerate(zip(axes[:, 0], groups.items(), strict=False)):
        panel(ax, position, title)
        shown = _draw_panel(ax, tables, names)
        fit_y(ax, shown, include=0)
        format_y(ax, _GAP, "permuted")
        drawn += shown
    if not groups:
        empty(axes[0, 0], "no arm besides the fresh networks")
    if drawn:
        format_epochs(axes[0, 0], drawn, TASK_AXIS)
    label_axes(axes, x=TASK_AXIS, y="Plasticity gap (percentage points)", above=_ABOVE)
    write_notes(figure, tables.exclusions((REFERENCE, *tables.continued)))
    return figure


def _draw_each(tables: PermutedTables, style: Style) -> Figure:
    """Draw a panel per arm, the first arm in grey behind the others."""
    gaps = {arm: tables.along(arm, _GAP, since=2) for arm in tables.continued}
    gaps = {arm: gap for arm, gap in gaps.items() if len(gap)}
    rows, columns = grid_shape(max(1, len(gaps)))
    figure, axes = style.figure(rows, columns, height=1.0 + 1.0 * rows, sharex=True, sharey=True)
    main = gaps.get(tables.main)
    for place, (ax, (arm, gap)) in enumerate(zip(axes.flat, gaps.items(), strict=False)):
        panel(ax, place, tables.label(arm))
        ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
        if main is not None and arm != tables.main:
            ax.plot(main["x"], main["mean"], color=NEUTRAL, linewidth=0.8, alpha=0.6, label=tables.main)
        draw_band(ax, gap, _ALONE, label=arm, linewidth=1, markersize=2.5)
    if not gaps:
        empty(axes[0, 0], _NO_GAP)
    fit_y(axes[0, 0], list(gaps.values()), include=0)
    format_y(axes[0, 0], _GAP, "permuted")
    format_epochs(axes[0, 0], list(gaps.values()), TASK_AXIS)
    drop_unused(axes, max(1, len(gaps)))
    label_axes(axes, x=TASK_AXIS, y="Plasticity gap (percentage points)", above=_ABOVE)
    write_notes(figure, tables.exclusions((REFERENCE, *tables.continued)))
    return figure


def _groups(tables: PermutedTables) -> dict[str, dict[str, str]]:
    """Return each panel's title, and its arms with their names in its legend."""
    single = {arm: tables.label(arm) for arms in tables.families.values() if len(arms) == 1 for arm in arms}
    several = {
        tables.family_label(name): {arm: tables.value_label(arm) for arm in arms}
        for name, arms in tables.families.items()
        if len(arms) > 1
    }
    title = "Arms with one setting" if MAIN not in single else _SINGLE_ARMS if len(single) > 1 else "Continual learning"
    return {title: single, **several} if single else several


def _draw_panel(ax: Axes, tables: PermutedTables, names: Mapping[str, str]) -> list[pd.DataFrame]:
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    gaps = {arm: tables.along(arm, _GAP, since=2) for arm in names}
    gaps = {arm: gap for arm, gap in gaps.items() if len(gap)}
    for arm, gap in gaps.items():
        shown = gap if len(gaps) <= _BANDS else gap.assign(low=float("nan"), high=float("nan"))
        draw_band(ax, shown, tables.styles[arm], label=arm, linewidth=1, markersize=3)
    if not gaps:
        say(ax, _NO_GAP)
    side_legend(ax, [sample(tables.styles[arm], names[arm]) for arm in gaps])
    return list(gaps.values())
