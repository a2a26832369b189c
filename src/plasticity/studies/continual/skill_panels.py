"""Panels of explanations: the skill of every quantity beside that of the task number, in a row each."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from plasticity.analysis.verdict import FEWEST_SEEDS
from plasticity.report.figures.axes import metric_name
from plasticity.report.figures.layout import label_axes, say
from plasticity.report.figures.style import NEUTRAL
from plasticity.report.figures.summaries import SINGLE_SEED, rows_where
from plasticity.studies.continual.explained import RIVAL

_SAID = ("", "undefined")  # reasons that a panel without points tells by itself
_COLOR = "#0072B2"
_PALE = "#C4C4C4"
_LEAST = -0.25  # worse than this is as bad as any
_ENDS = (0.52, 1.02)  # of the axis: the first one that holds everything
_WIDE = 1.0  # an interval as wide as from no skill to an exact prediction


def best_first(rows: pd.DataFrame) -> list[str]:
    """Return the quantities of a panel, the most skilful first; where that is unknown, as the table has them."""
    rows = rows_where(rows, rows["quantity"].ne(RIVAL))
    return rows.sort_values("skill", ascending=False, kind="stable", na_position="last")["quantity"].tolist()


def gaining(rows: pd.DataFrame, confidence: float) -> np.ndarray:
    """Say of each row whether the quantity improves on the number of the task; few seeds decide nothing."""
    gain, p_value, seeds = rows[["gain", "p_adjusted", "n_seeds"]].to_numpy(float).T
    return (gain > 0) & (p_value < round(1 - confidence, 12)) & (seeds >= FEWEST_SEEDS)


def name_quantities(axes: np.ndarray, order: list[str]) -> None:
    """Name the quantities beside panels that share their rows, and what is drawn below them."""
    axes[0, 0].set_yticks(range(len(order)), [metric_name(name) for name in order])
    axes[0, 0].set_ylim(len(order) - 0.4, -0.6)
    label_axes(axes, x="Skill in predicting the loss on the next task (dimensionless)")


def axis_end(rows: pd.DataFrame) -> float:
    """Return where the axis ends: everything known that is drawn lies before it, if that is possible."""
    numbers = rows[["skill", "skill_high"]].to_numpy(float)[~_wide(rows)]
    largest = np.nanmax(numbers) if np.isfinite(numbers).any() else 0.0
    return next((end for end in _ENDS if largest < end), _ENDS[-1])


def _wide(rows: pd.DataFrame) -> np.ndarray:
    """Say of each row whether its interval is wider than `_WIDE`."""
    low, high = rows[["skill_low", "skill_high"]].to_numpy(float).T
    return high - low > _WIDE


def draw_skills(ax: Axes, rows: pd.DataFrame, order: list[str], end: float) -> None:
    """Draw a panel: each quantity's skill with its interval, and the skill of the task number as a dashed line.

    Args:
        ax: The panel.
        rows: A row per quantity, by which they are indexed; `gains` says which improve on the number of the task,
            `beyond` which add to declared quantities.
        order: Quantities from the top.
        end: Where the axis ends, from `axis_end`.
    """
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


def skill_notes(rows: pd.DataFrame) -> list[str]:
    """Say what the panels of these rows do not show: skills beyond the axis, wide intervals, reasons for gaps."""
    notes, below = [], rows_where(rows, rows["skill"].lt(_LEAST))
    if len(below):
        notes.append(f"Skill below {_LEAST:g}, drawn at {_LEAST:g}: {len(below)}.".replace("-", "\N{MINUS SIGN}"))
    if wide := int(_wide(rows_where(rows, rows["quantity"].ne(RIVAL))).sum()):
        notes.append(f"Interval wider than {_WIDE:g}, drawn pale: {wide}.")
    notes += [SINGLE_SEED] if set(rows["n_seeds"]) <= {0, 1} else []
    missing = "; ".join(rows_where(rows, rows["skill"].isna() & rows["quantity"].ne(RIVAL))["note"])
    reasons = [reason for reason in dict.fromkeys(missing.split("; ")) if reason not in _SAID]
    return notes + ([f"Missing: {'; '.join(reasons)}."] if reasons else [])
