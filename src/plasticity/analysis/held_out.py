"""Squared errors of predictions in data that they were not fitted on, from sums of products by group and seed.

Each model is least squares on some columns of one design. The sums of products of all columns say what a fit on any
groups and seeds predicts in any others, so that no model is fitted point by point.

Shapes: P points, G groups, S seeds, p columns of the design and the loss behind them.
"""

from collections.abc import Mapping

import numpy as np

from plasticity.analysis.average_ranks import average_ranks

MODELS = ("mean", "rival", "quantity", "both")
SINGULAR = 1e-9
"""Of singular values beside the largest: below it, a column depends on those before it."""
SPARE = 2
"""Points that a fit must have beside its columns."""
SEED, GROUP = "seed", "group"
_DIGITS = 12  # of a skill

Errors = dict[str, np.ndarray]
"""Sums of squared errors of predictions by model, one for each held-out part; NaN where it cannot be predicted.

Beside them, as "seed", is the place of each part's seed among those that are taken, and as "group" that of its group
where parts are of groups.
"""


def ranks_of(quantity: np.ndarray) -> np.ndarray:
    """Return ranks between -1/2 and 1/2."""
    return (average_ranks(quantity) - 0.5) / len(quantity) - 0.5


def columns_of(design: np.ndarray) -> Mapping[str, list[int]]:
    """Return which columns of a design each model has: the rival's come first, then the quantity, then the loss."""
    rank = design.shape[-1] - 2
    rival = list(range(rank))
    return {"mean": [0], "rival": rival, "quantity": [0, rank], "both": [*rival, rank]}


def moments_of(design: np.ndarray, group: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Return the sums of products of all columns by group and seed, (G, S, p, p)."""
    found = np.zeros((group.max() + 1, seed.max() + 1, design.shape[1], design.shape[1]))
    np.add.at(found, (group, seed), design[:, :, None] * design[:, None, :])
    return found


def errors_of(
    held_out: np.ndarray, fitted: np.ndarray, columns: Mapping[str, list[int]], points: np.ndarray | None = None
) -> Errors:
    """Return the errors of predictions in held-out parts.

    Args:
        held_out: Moments of each part (G, S, p, p).
        fitted: Moments of what its prediction is fitted on, of the same shape.
        columns: Columns of each model.
        points: Number of points that each prediction is fitted on (G, S), where the moments are weighted.
    """
    # The first column is constant, of length 1 on average.
    points = fitted[..., 0, 0] if points is None else points
    known = (held_out[..., 0, 0] > 0.5) & (points > len(columns["both"]) + SPARE - 0.5)
    held_out, fitted = held_out[known], fitted[known]
    found: Errors = dict(zip((GROUP, SEED), np.nonzero(known), strict=True))
    for name, chosen in columns.items():
        inner = fitted[:, chosen][:, :, chosen]
        weights = np.linalg.pinv(inner, rcond=SINGULAR, hermitian=True) @ fitted[:, chosen, -1:]
        contrast = np.zeros((*weights.shape[:1], held_out.shape[-1], 1))
        contrast[:, chosen], contrast[:, -1] = -weights, 1
        found[name] = (np.swapaxes(contrast, 1, 2) @ held_out @ contrast)[:, 0, 0]
    return found


def sums_of(errors: Errors, model: str, rival: str) -> np.ndarray:
    """Return the errors of the mean, of a model and of its rival, one row each."""
    return np.stack([errors[name] for name in ("mean", model, rival)])


def less(errors: Errors, model: str, rival: str) -> float:
    """Return the skill of a model less that of its rival, over all parts that each can predict; NaN without any.

    What is left of it by rounding is zero: a constant quantity predicts nothing, and rounding must not be tested.
    """
    sums = sums_of(errors, model, rival)
    sums = sums[:, np.isfinite(sums).all(axis=0)].sum(axis=1)
    return round(float((sums[2] - sums[1]) / sums[0]), _DIGITS) + 0.0 if sums[0] > 0 else np.nan  # 0, not -0
