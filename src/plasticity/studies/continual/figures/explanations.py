"""Which measured quantity predicts the loss on the next task?

Each quantity after a task, and the task number (dashed), predicts the accuracy lost on the next task, on data that the
prediction was not fitted to: other tasks of the same run, another seed of the same arm, or, of several arms, other arms
with other seeds, where arms that are one method at several strengths count as one. A skill of 1 is exact prediction; 0
is no better than the mean of the fitted data. Filled points improve on the task number: quantity and number together
predict better than the number alone, after Holm's correction for all quantities of a panel. Pale points have an
interval wider than 1: nothing is known about them.
{%- if study.analysis.get("beyond") %} A ring marks what also adds to the task number and
{{ study.analysis.beyond | join(", ") }} together, after the same correction.{% endif %}

Points are estimates from {{ n }}, bars t intervals over seeds at {{ confidence }}. Arms that repeat another arm's runs
count once; fresh networks, which losses are measured against, are excluded.

No published counterpart; the quantities are those that Lyle et al. (2023, arXiv:2303.01486), Dohare et al. (2024) and
Bonifazi et al. (2024, arXiv:2404.02719) relate to plasticity.
"""

import pandas as pd
from matplotlib.figure import Figure

from plasticity.report.figures.layout import panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import rows_where
from plasticity.report.summary.words import side
from plasticity.studies.continual.explained import LOSSES, RIVAL, SCOPES, gains_beyond, loss_of
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.continual.skill_panels import (
    axis_end,
    best_first,
    draw_skills,
    gaining,
    name_quantities,
    skill_notes,
)

TABLES = ("explanations",)


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the skill of every quantity in each scope that has any, the best in the last one first."""
    loss = loss_of(tables.explanations)
    rows = rows_where(tables.explanations, tables.explanations["loss"].eq(loss))
    scopes = _scopes(rows)
    order = best_first(rows_where(rows, rows["scope"].eq(scopes[-1])))
    figure, axes = style.figure(1, len(scopes), height=1.6 + 0.17 * max(len(order), 4), sharey=True)
    end = axis_end(rows)
    for place, (ax, scope) in enumerate(zip(axes[0], scopes, strict=True)):
        panel(ax, place, SCOPES[scope].capitalize().removesuffix(" of the run"))
        of_scope = rows_where(rows, rows["scope"].eq(scope)).set_index("quantity")
        gains = gaining(of_scope, tables.analysis.confidence)
        beyond = [name for name, value in gains_beyond(of_scope.reset_index(), tables).items() if side(value) > 0]
        draw_skills(ax, of_scope.assign(gains=gains, beyond=of_scope.index.isin(beyond)), order, end)
    name_quantities(axes, order)
    write_notes(figure, _notes(rows, loss))
    return figure


def _scopes(rows: pd.DataFrame) -> list[str]:
    """Return the scopes in which something is predicted; the first one if there is none."""
    predicted = set(rows_where(rows, rows["skill"].notna())["scope"])
    return [scope for scope in SCOPES if scope in predicted] or list(SCOPES)[:1]


def _notes(rows: pd.DataFrame, loss: str) -> list[str]:
    if rows.empty:
        return ["No losses on later tasks."]
    numbers = rows_where(rows, rows["quantity"].eq(RIVAL))[["n_arms", "n_points"]].to_numpy(int)
    arms, tasks = numbers.max(axis=0).tolist()
    notes = [f"Loss: {LOSSES[loss]} below a fresh network's; {arms} {'arm' if arms == 1 else 'arms'}, {tasks:,} tasks."]
    return notes + skill_notes(rows)
