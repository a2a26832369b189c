"""The page of the table of causes, for the reports of both studies."""

from typing import Any

import numpy as np
import pandas as pd

CAUSES_NOTE = (
    "Estimates with Student's t intervals over seeds (jackknife). n: seeds / transitions (or pairs). p: after Holm's "
    "correction for all tests of the question, their number in brackets; an estimate declared beforehand as the answer "
    "has half of the level. Where a size is published: the power of these seeds to detect it, and the seeds needed for "
    '80 % power. Verdicts follow docs/statistics.md: supports means that the estimate supports "collapse hurts '
    'plasticity"; contradicts means that it speaks against it.'
)
_LABELS = {"log_nc1": "ln NC1"}


def causes(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return a row per estimate, in words.

    Args:
        table: The "causes" table.
        labels: What the report calls each arm.
    """
    return pd.DataFrame([_cells(row, labels) for row in table.to_dict("records")])


def _cells(row: dict[str, Any], labels: dict[str, str]) -> dict[str, str]:
    def named(text: str) -> str:
        return labels.get(text, _LABELS.get(text, text.replace("_", " ")))

    return {
        "question": named(row["question"]),
        "estimate of": _what(
            named(row["quantity"]), named(row["treatment"]), named(row["metric"]), named(row["outcome"])
        ),
        "method": named(row["method"]),
        "window": f"{named(row['window_kind'])}: {row['window_start']}–{row['window_end']}",
        "estimate": _interval(row["estimate"], row["ci_low"], row["ci_high"]),
        "unit": row["unit"],
        "n": f"{row['n_seeds']} / {row['n_points']}",
        "p": "–" if pd.isna(row["p_adjusted"]) else f"{row['p_adjusted']:.2g} (of {row['n_tests']})",
        "published": _published(row),
        "verdict": row["verdict"],
        "note": row["note"] or "–",
    }


def _what(quantity: str, treatment: str, predictor: str, outcome: str) -> str:
    """Return what is estimated, such as "contrast of NC1 spread, accuracy"."""
    of = f"{quantity} of {treatment}" if treatment else quantity
    return ", ".join(filter(None, [of, predictor if predictor != treatment else "", outcome]))


def _published(row: dict[str, Any]) -> str:
    """Return the published size, with the power of these seeds to detect it and the seeds that are needed."""
    if pd.isna(row["published"]):
        return "–"
    power = "" if pd.isna(row["power"]) else f"; power {100 * row['power']:.0f} %"
    seeds = "" if pd.isna(row["seeds_needed"]) else f", {int(row['seeds_needed'])} seeds needed"
    return f"{_number(row['published'])}{power}{seeds}"


def _interval(estimate: float, low: float, high: float) -> str:
    """Return "estimate [low, high]" with three digits, or what of it there is."""
    parts = [_number(estimate)] if np.isfinite(estimate) else []
    parts += [f"[{_number(low)}, {_number(high)}]"] if np.isfinite([low, high]).all() else []
    return " ".join(parts) or "–"


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:+.3g}"
