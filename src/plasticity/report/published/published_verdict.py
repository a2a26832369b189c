"""Does a run agree with what was published? Rules that are written down in docs/statistics.md and know no paper."""

import numpy as np

from plasticity.report.published.claims import SIGNS, Claim
from plasticity.report.published.measures import BOOTSTRAP_SEEDS, Value, half_width

AGREES, DIFFERS, UNDECIDED, NOT_COMPARABLE = "agrees", "differs", "undecided", "not comparable"
_WHAT = {
    "level": "mean",
    "contrast": "difference",
    "association": "correlation within seeds",
    "correlation": "correlation",
    "onset": "log ratio",
}
VERDICTS = (AGREES, DIFFERS, UNDECIDED, NOT_COMPARABLE)


def published_interval(claim: Claim, confidence: float) -> tuple[float, float]:
    """Return what a published number leaves open.

    A range is itself. Else the number, half a unit of its last digit or what a figure can be read to either way, and,
    where a standard deviation over several seeds is published, Student's t interval of the mean on top.
    NaN for a shape.
    """
    if claim.range is not None:
        return claim.range
    if claim.value is None:
        return np.nan, np.nan
    half = claim.precision
    if claim.sd is not None and claim.n is not None and claim.n > 1:
        half += half_width(claim.sd, claim.n, confidence)
    return claim.value - half, claim.value + half


def verdict(claim: Claim, value: Value, interval: tuple[float, float]) -> tuple[str, str]:
    """Return verdict and reason for a claim whose settings the run has.

    Args:
        claim: The published number or shape.
        value: This run's.
        interval: What the published number leaves open, from `published_interval`.
    """
    if not np.isfinite(value.estimate):
        return UNDECIDED, value.missing or "this run's value is undefined"
    if not np.isfinite([value.low, value.high]).all():
        return UNDECIDED, f"{value.n_seeds} seed{'s' if value.n_seeds != 1 else ''}, no interval"
    if claim.measure["of"] == "correlation" and value.n_seeds < BOOTSTRAP_SEEDS:
        return UNDECIDED, f"{value.n_seeds} seeds: the bootstrap interval decides nothing"
    return _shape(claim, value) if claim.shape else _number(claim, value, interval)


def _number(claim: Claim, value: Value, interval: tuple[float, float]) -> tuple[str, str]:
    alone = claim.range is None and (claim.sd is None or claim.n is None or claim.n < 2)
    what = "the published number, which has no interval" if alone else "the published interval"
    if value.low <= interval[1] and interval[0] <= value.high:
        return AGREES, f"this run's interval meets {what}"
    return DIFFERS, f"this run's interval lies {'below' if value.high < interval[0] else 'above'} {what}"


def _shape(claim: Claim, value: Value) -> tuple[str, str]:
    sign = (value.low > 0) - (value.high < 0)
    what = _WHAT[claim.measure["of"]]
    where = {-1: "is below zero", 0: "holds zero", 1: "is above zero"}[sign]
    expected = SIGNS[claim.shape]
    if sign == 0 and expected != 0:
        return UNDECIDED, f"the interval of the {what} {where}"
    tested = ", which is all that is tested" if sign == expected == 0 else ""
    return (AGREES if sign == expected else DIFFERS), f"the interval of the {what} {where}{tested}"
