"""Explanations.

How well each quantity after a task predicts the loss on the next one, where nothing was fitted: on other tasks of the
run, in another seed, in other arms. Gain is the skill of the quantity and the task number together minus that
of the number alone. Student's t intervals over {{ seeds }} at {{ confidence }}; docs/statistics.md says how each is
computed.
"""

from typing import Any

import pandas as pd

from plasticity.report.figures.axes import metric_name
from plasticity.report.html_tables import interval_text
from plasticity.studies.continual.explained import LOSSES, RIVAL, SCOPES

TABLES = ("explanations",)
SKILL_NOTE = (
    "Skill: 1 is exact prediction, 0 no better than the mean of the fitted data. Gain: what the quantity adds to the "
    "number of the task, which is the first row of each part. p: of the gain, after Holm's correction for all "
    "quantities of the part. Pairs: pairs of successive tasks. An arm that repeats another arm's runs counts once. In "
    "each part, the largest gain comes first."
)
"""What the columns are that all pages of explanations have."""
NOTE = (
    f"{SKILL_NOTE} Gain beyond: what the quantity adds to the number of the task and the quantities of analysis.beyond "
    "together."
)
_PLACES = {scope: place for place, scope in enumerate(reversed(SCOPES))}  # what asks most of a prediction comes first


def rows(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return a row per loss, scope and quantity, in words.

    Args:
        table: The "explanations" table.
        labels: What the report calls each arm; none is named here.
    """
    beyond = bool(table["gain_beyond"].notna().any())
    ordered = sorted(table.to_dict("records"), key=lambda row: place_of(row, _PLACES[row["scope"]]))
    return pd.DataFrame([cells_of(row, SCOPES[row["scope"]], beyond=beyond) for row in ordered])


def place_of(row: dict[Any, Any], part: int) -> tuple[Any, ...]:
    """Return what rows are sorted by: the loss, the number of what is predicted, the task number first, then gains."""
    losses, gain = list(LOSSES), row["gain"]
    loss = losses.index(row["loss"]) if row["loss"] in losses else len(losses)
    return loss, part, row["quantity"] != RIVAL, pd.isna(gain), 0.0 if pd.isna(gain) else -gain


def _beyond(row: dict[Any, Any]) -> dict[str, Any]:
    return {"gain beyond": interval_text(row["gain_beyond"], row["gain_beyond_low"], row["gain_beyond_high"], "")}


def cells_of(row: dict[Any, Any], predicted: str, *, beyond: bool = False) -> dict[str, Any]:
    """Return the cells of a row in words; `predicted` says what is."""
    return {
        "quantity": "number of the task" if row["quantity"] == RIVAL else metric_name(row["quantity"]),
        "loss of": LOSSES.get(row["loss"], row["loss"].replace("_", " ")),
        "predicted": predicted,
        "skill": interval_text(row["skill"], row["skill_low"], row["skill_high"], ""),
        "gain": interval_text(row["gain"], row["gain_low"], row["gain_high"], ""),
        "p": "–" if pd.isna(row["p_adjusted"]) else f"{row['p_adjusted']:.2g}",
        **(_beyond(row) if beyond else {}),
        "seeds": row["n_seeds"],
        "arms": row["n_arms"],
        "pairs": row["n_points"],
        "excluded": row["n_excluded"],
        "note": row["note"] or "–",
    }
