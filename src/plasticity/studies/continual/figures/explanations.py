"""Which measured quantity predicts the loss on the next task?

Each quantity after a task, and the task number (dashed), predicts the accuracy lost on the next task, on data
that the prediction was not fitted to: other tasks of the same run, another seed of the same arm, or other experiments
with other seeds. A skill of 1 is exact prediction; 0 is no better than the mean of the fitted data. Filled
points improve on the task number: quantity and number together predict better than the number alone, after Holm's
correction for all quantities of a panel. Pale points have an interval wider than 1: nothing is known about them.
{%- if study.analysis.get("beyond") %} A ring marks what also adds to the task number and
{{ study.analysis.beyond | join(", ") }} together, after the same correction.{% endif %}

Points are estimates from {{ n }}, bars t intervals over seeds at {{ confidence }}. Arms that repeat another arm's runs
count once; fresh networks, which losses are measured against, are excluded.

No published counterpart; the quantities are those that Lyle et al. (2023, arXiv:2303.01486), Dohare et al. (2024) and
Bonifazi et al. (2024, arXiv:2404.02719) relate to plasticity.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import metric_name
from plasticity.report.figures.layout import label_axes, panel, say, write_notes
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import SINGLE_SEED, rows_where
from plasticity.report.summary.words import side
from plasticity.studies.continual.explained import LOSSES, RIVAL, SCOPES, gains_beyond, loss_of
from plasticity.studies.continual.figure_tables import PermutedTables

TABLES = ("explanations",)

_SAID = ("", "undefined")  # reasons that a panel without points tells by itself
_COLOR = "#0072B2"
_PALE = "#C4C4C4"
_LEAST = -0.25  # worse than this is as bad as any
_ENDS = (0.52, 1.02)  # of the axis: the first one that holds everything
_WIDE = 1.0  # an interval as wide as from no skill to an exact prediction


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw the skill of every quantity in three scopes, the best in other experiments first."""
    loss = loss_of(tables.explanations)
    rows = rows_where(tables.explanations, tables.explanations["loss"].eq(loss))
    order = _order(rows)
    figure, axes = style.figure(1, len(SCOPES), height=1.6 + 0.17 * max(len(order), 4), sharey=True)
    end = _end(rows)
    for place, (ax, (scope, title)) in enumerate(zip(axes[0], SCOPES.items(), strict=True)):
        panel(ax, place, title.capitalize())
        of_scope = rows_where(rows, rows["scope"].eq(scope)).set_index("quantity")
        gains = of_scope["gain"].gt(0) & of_scope["p_adjusted"].lt(1 - tables.analysis.confidence)
        beyond = [name for name, value in gains_beyond(of_scope.reset_index(), tables).items() if side(value) > 0]
        _draw_scope(ax, of_scope.assign(gains=gains, beyond=of_scope.index.isin(beyond)), order, end)
    axes[0, 0].set_yticks(range(len(order)), [metric_name(name) for name in order])
    axes[0, 0].set_ylim(len(order) - 0.4, -0.6)
    label_axes(axes, x="Skill in predicting the loss on the next task (dimensionless)")
    write_notes(figure, _notes(rows, loss))
    return figure


def _order(rows: pd.DataFrame) -> list[str]:
    """Return the quantities, the best in other experiments first; where that is unknown, as the table has them."""
    others = rows_where(rows, rows["scope"].eq("across_arms") & rows["quantity"].ne(RIVAL))
    return others.sort_values("skill", ascending=False, kind="stable", na_position="last")["quantity"].tolist()


def _end(rows: pd.DataFrame) -> float:
    """Return where the axis ends: everything known that is drawn lies before it, if that is possible."""
    numbers = rows[["skill", "skill_high"]].to_numpy(float)[~_wide(rows)]
    largest = np.nanmax(numbers) if np.isfinite(numbers).any() else 0.0
    return next((end for end in _ENDS if largest < end), _ENDS[-1])


def _wide(rows: pd.DataFrame) -> np.ndarray:
    """Say of each row whether its interval is wider than `_WIDE`."""
    low, high = rows[["skill_low", "skill_high"]].to_numpy(float).T
    return high - low > _WIDE


def _draw_scope(ax: Axes, rows: pd.DataFrame, order: list[str], end: float) -> None:
    ax.axvline(0, color=NEUTRAL, linewidth=0.8)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(_LEAST, end)
    found = rows.reindex(order)
    if found.empty or not np.isfinite(found["skill"].to_numpy(float)).any():
        say(ax, "no estimates")
        return
    ax.axvline(
        float(rows.loc[RIVAL, "skill"]), color=NEUTRAL, linewidth=1.1, linestyle="--", label="number of the task"
    )
    places, wide = np.arange(len(order)), _wide(found)
    ends = found[["skill_low", "skill_high"]].clip(_LEAST, end).to_numpy(float)
    known = np.isfinite(ends).all(axis=1)
    for color, chosen in ((_PALE, known & wide), (_COLOR, known & ~wide)):
        if chosen.any():
            ax.hlines(places[chosen], *ends[chosen].T, color=color, linewidth=1.1, label="t interval over seeds")
    skill = found["skill"].clip(_LEAST, end).to_numpy(float)
    gains, beyond = (found[name].eq(True).to_numpy() for name in ("gains", "beyond"))
    for chosen, color, face, label in (
        (gains, _COLOR, _COLOR, "quantity that improves on it"),
        (~gains & ~wide, _COLOR, "white", "quantity"),
        (~gains & wide, _PALE, "white", "quantity with an interval wider than 1"),
    ):
        if chosen.any():
            options = {"color": color, "markerfacecolor": face, "linestyle": "none", "markersize": 4}
            ax.plot(skill[chosen], places[chosen], marker="o", label=label, zorder=3, **options)
    if beyond.any():
        options = {"color": _COLOR, "markerfacecolor": "none", "linestyle": "none", "markersize": 7}
        ax.plot(skill[beyond], places[beyond], marker="o", label="adds to the declared ones", zorder=3, **options)


def _notes(rows: pd.DataFrame, loss: str) -> list[str]:
    if rows.empty:
        return ["No losses on later tasks."]
    numbers = rows_where(rows, rows["quantity"].eq(RIVAL))[["n_arms", "n_points"]].max()
    notes = [f"Loss: {LOSSES[loss]} below a fresh network's; {numbers['n_arms']} arms, {numbers['n_points']:,} tasks."]
    below = rows_where(rows, rows["skill"].lt(_LEAST))
    if len(below):
        notes.append(f"Skill below {_LEAST:g}, drawn at {_LEAST:g}: {len(below)}.".replace("-", "\N{MINUS SIGN}"))
    if wide := int(_wide(rows_where(rows, rows["quantity"].ne(RIVAL))).sum()):
        notes.append(f"Interval wider than {_WIDE:g}, drawn pale: {wide}.")
    notes += [SINGLE_SEED] if set(rows["n_seeds"]) <= {0, 1} else []
    told = "; ".join(rows_where(rows, rows["skill"].isna() & rows["quantity"].ne(RIVAL))["note"])
    reasons = [reason for reason in dict.fromkeys(told.split("; ")) if reason not in _SAID]
    return notes + ([f"Missing: {'; '.join(reasons)}."] if reasons else [])
