"""The figure of explanations across sections: the skill of every quantity on average, and in each held-out section."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from plasticity.config.page_slices import AcrossDisplay
from plasticity.report.figures.layout import drop_unused, grid_shape, panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import rows_where
from plasticity.studies.continual.across.explain_across import MEAN
from plasticity.studies.continual.across.explained_across import NOTHING, left_out_of
from plasticity.studies.continual.explained import LOSSES, RIVAL, loss_of
from plasticity.studies.continual.skill_panels import (
    axis_end,
    best_first,
    draw_skills,
    gaining,
    name_quantities,
    skill_notes,
)

_LINE = 36  # characters of a title, half of the figure's width


def draw(table: pd.DataFrame, settings: AcrossDisplay, style: Style) -> Figure:
    """Draw the skill of every quantity, the best on average first.

    Args:
        table: The table "explanations_across".
        settings: Level of the intervals, and titles of the sections.
        style: Look of the figure.
    """
    loss = loss_of(table)
    of_loss = rows_where(table, table["loss"].eq(loss))
    rows = rows_where(of_loss, of_loss["n_points"].gt(0))
    order = best_first(rows_where(rows, rows["section"].eq(MEAN)))
    titles = {MEAN: "Mean over sections", **settings.titles}
    lines, columns = grid_shape(len(titles))
    figure, axes = style.figure(
        lines, columns, height=1.6 + lines * (0.3 + 0.17 * max(len(order), 4)), sharex=True, sharey=True
    )
    end = axis_end(rows)
    for place, (section, title) in enumerate(titles.items()):
        panel(axes.flat[place], place, textwrap.fill(title, _LINE))
        of_section = rows_where(rows, rows["section"].eq(section)).set_index("quantity")
        gains = gaining(of_section, settings.confidence)
        draw_skills(axes.flat[place], of_section.assign(gains=gains, beyond=False), order, end)
    name_quantities(axes, order)
    drop_unused(axes, len(titles))
    write_notes(figure, _notes(of_loss, rows, loss))
    return figure


def _notes(of_loss: pd.DataFrame, rows: pd.DataFrame, loss: str) -> list[str]:
    if rows.empty:
        return [NOTHING]
    numbers = rows_where(rows, rows["quantity"].eq(RIVAL) & rows["section"].eq(MEAN)).iloc[0]
    notes = [f"Loss: {LOSSES[loss]} below a fresh network's; {numbers['n_arms']} arms, {numbers['n_points']:,} tasks."]
    return [*notes, *skill_notes(rows), *left_out_of(rows_where(of_loss, of_loss["section"].eq(MEAN)))]
