"""Rows of the table of causes before they are judged: an estimate, where it comes from, and what was expected."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plasticity.analysis.inference import Inference
from plasticity.analysis.published_effects import Effect
from plasticity.analysis.transitions import Transitions

Row = dict[str, Any]
OUTCOME = "accuracy"
MEDIATOR = "log_nc1"


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """What an estimate is of.

    Attributes:
        question: beyond_length, dose_response, mediation or power.
        quantity: correlation, slope, contrast, total, direct, indirect, ...
        method: How it was computed.
        metric: What explains: a metric, or the treatment where the treatment does.
        outcome: What is explained: accuracy of the next task, or log_nc1 at its start.
        unit: Unit of the estimate.
        treatment: Arm or dose series; empty where all arms are used.
        primary: It is the estimate that is declared as the answer to the question, whatever a table says:
            `plasticity.analysis.verdict`.
        expected: Sign that the account "collapse hurts plasticity" expects; NaN where it expects none.
        published: Published size of the quantity; None where there is none.
        extra: Further columns.
    """

    question: str
    quantity: str
    method: str
    metric: str
    outcome: str = OUTCOME
    unit: str = "1"
    treatment: str = ""
    primary: bool = False
    expected: float = np.nan
    published: Effect | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def row_of(estimand: Estimand, found: Inference, transitions: Transitions, points: int) -> Row:
    """Return a row of the table, without p-values corrected and without its verdict."""
    notes = ["declared beforehand as the answer" if estimand.primary else "", found.note, transitions.note]
    if transitions.excluded:
        notes.append(f"excluded: {transitions.excluded} diverged or not finite")
    return {
        **{"question": estimand.question, "quantity": estimand.quantity, "treatment": estimand.treatment},
        **{"metric": estimand.metric, "outcome": estimand.outcome, "method": estimand.method, "unit": estimand.unit},
        **{"primary": estimand.primary, "expected_sign": estimand.expected, "effect": estimand.published},
        **{"published": estimand.published.size if estimand.published else np.nan},
        **transitions.labels,
        **{"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high},
        **{"p_value": found.p_value, "deviation": found.deviation, "n_seeds": found.n_seeds},
        **{"n_points": points, "n_excluded": transitions.excluded, "note": "; ".join(filter(None, notes))},
        **{"series": "", "dose": np.nan, "dose_low": np.nan, "dose_high": np.nan},
        **estimand.extra,
    }
