"""Rows of the table of causes before they are judged: an estimate, where it comes from, and what was expected."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plasticity.analysis.inference import Inference
from plasticity.analysis.transitions import Transitions

Row = dict[str, Any]
OUTCOME = "accuracy"
MEDIATOR = "log_nc1"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an estimate is of.

    Attributes:
        question: beyond_length, dose_response, mediation or power.
        quantity: correlation, slope, contrast, total, direct, indirect, ...
        method: How it was computed.
        metric: What explains: a metric, or the treatment where the treatment does.
        outcome: What is explained: accuracy of the next task, or log_nc1 at its start.
        unit: Unit of the estimate.
        treatment: Arm or dose series; empty where all arms are used.
        family: Tests that are corrected together share it.
        expected: Sign that the account "collapse costs plasticity" expects; NaN where it expects none.
        published: Published size of the quantity; NaN where there is none.
        extra: Further columns.
    """

    question: str
    quantity: str
    method: str
    metric: str
    outcome: str = OUTCOME
    unit: str = "1"
    treatment: str = ""
    family: str = OUTCOME
    expected: float = np.nan
    published: float = np.nan
    extra: dict[str, Any] = field(default_factory=dict)


def row_of(asked: Asked, found: Inference, transitions: Transitions, points: int) -> Row:
    """Return a row of the table, without p-values corrected and without its verdict."""
    notes = [found.note, transitions.note]
    if transitions.excluded:
        notes.append(f"excluded: {transitions.excluded} diverged or not finite")
    return {
        **{"question": asked.question, "quantity": asked.quantity, "treatment": asked.treatment},
        **{"metric": asked.metric, "outcome": asked.outcome, "method": asked.method, "unit": asked.unit},
        **{"family": asked.family, "expected_sign": asked.expected, "published": asked.published},
        **transitions.labels,
        **{"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high},
        **{"bootstrap_low": found.bootstrap_low, "bootstrap_high": found.bootstrap_high},
        **{"p_value": found.p_value, "deviation": found.deviation, "n_seeds": found.n_seeds},
        **{"n_points": points, "n_excluded": transitions.excluded, "note": "; ".join(filter(None, notes))},
        **{"series": "", "dose": np.nan, "dose_low": np.nan, "dose_high": np.nan},
        **asked.extra,
    }
