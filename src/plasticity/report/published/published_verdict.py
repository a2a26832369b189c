"""Does a run agree with what was published? Rules that are written down in docs/statistics.md and know no paper.

Both sides are uncertain. A number `agrees` where it is shown to be equal up to a margin, `differs` where it is shown to
be unequal and not shown to be within the margin, and is `undecided` otherwise. The margin is stated in the file of the
claims, with its reason. Equal up to a margin is decided by two one-sided tests (Schuirmann 1987): the interval of the
difference at twice their level lies within the margin. The interval of the difference joins those of its two sides,
as the root of the sum of their squares (Zou & Donner 2008).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from plasticity.analysis.jackknife import fisher_z
from plasticity.report.published.claims import SIGNS, Claim
from plasticity.report.published.joint import agreement
from plasticity.report.published.measures import Value, half_width

AGREES, DIFFERS, UNDECIDED, NOT_COMPARABLE = "agrees", "differs", "undecided", "not comparable"
FEWEST_SEEDS = 3
_WHAT = {
    "level": "mean",
    "contrast": "difference",
    "association": "correlation within seeds",
    "correlation": "correlation",
    "onset": "log ratio",
}
VERDICTS = (AGREES, DIFFERS, UNDECIDED, NOT_COMPARABLE)
# Expected range of n normal values in standard deviations (Tippett 1925), n from 2 on.
_RANGE = (1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.970, 3.078)


@dataclass(frozen=True)
class Difference:
    """How far off a number is, on the scale of the comparison.

    Attributes:
        off: This run's number minus what it is compared with.
        half: Half of the difference's interval at the wanted confidence.
        one_sided: Half of the interval whose either end is passed with probability 1 − confidence.
    """

    off: float
    half: float
    one_sided: float


def published_interval(claim: Claim, confidence: float) -> tuple[float, float]:
    """Return the published number's own interval, as far as it is known.

    That of released runs as it is; Student's t of a standard deviation over seeds; for a range of n seeds, its middle
    with the standard deviation that such a range has on average. Half a unit of the last digit, or what a figure can be
    read to, is added to either side. NaN for a shape.
    """
    if claim.shape:
        return np.nan, np.nan
    if claim.interval is not None:
        return claim.interval
    half = claim.precision
    if (sd := _deviation(claim)) is not None and claim.n is not None:
        half += half_width(sd, claim.n, confidence)
    value = published_value(claim)
    return value - half, value + half


def published_value(claim: Claim) -> float:
    """Return the published number, or the middle of a published range."""
    return float(np.mean(claim.range)) if claim.range is not None else float(claim.value or 0.0)


def verdict(claim: Claim, value: Value, confidence: float) -> tuple[str, str]:
    """Return verdict and reason for a claim whose settings the run has.

    Args:
        claim: The published number or shape.
        value: This run's.
        confidence: Level of the intervals.
    """
    if value.parts:
        sign, reason = agreement(claim.shape, value.parts, confidence)
        return {1: AGREES, 0: UNDECIDED, -1: DIFFERS}[sign], reason
    return _of_one(claim, value, confidence)


def _of_one(claim: Claim, value: Value, confidence: float) -> tuple[str, str]:
    if not np.isfinite(value.estimate):
        return UNDECIDED, value.missing or "this run's value is undefined"
    if few := _too_few(claim, value):
        return UNDECIDED, few
    if value.alike and claim.shape and SIGNS[claim.shape]:
        return _same(claim, value, confidence)
    if not np.isfinite([value.low, value.high]).all():
        return UNDECIDED, "no interval: all seeds have the same value, or the estimate depends on a single seed"
    if claim.shape and SIGNS[claim.shape]:
        return _sign(claim, value)
    return _near_zero(claim, value, confidence) if claim.shape else _number(claim, value, confidence)


def _too_few(claim: Claim, value: Value) -> str:
    """Return why this run's seeds are too few to decide; a mean over fewer seeds keeps more of their own noise."""
    if value.n_seeds < FEWEST_SEEDS:
        return f"{value.n_seeds} seed{'s' if value.n_seeds != 1 else ''}, too few to decide"
    if claim.measure.get("aggregate") == "averaged" and value.n_seeds < (claim.n or 0):
        return f"r of means over {value.n_seeds} seeds lies nearer to zero than over {claim.n}, as published"
    return ""


def _sign(claim: Claim, value: Value) -> tuple[str, str]:
    sign = (value.low > 0) - (value.high < 0)
    where = {-1: "is below zero", 0: "includes zero", 1: "is above zero"}[sign]
    reason = f"the interval of the {_WHAT[claim.measure['of']]} {where}"
    return (UNDECIDED if sign == 0 else AGREES if sign == SIGNS[claim.shape] else DIFFERS), reason


def _same(claim: Claim, value: Value, confidence: float) -> tuple[str, str]:
    """Judge seeds that all have the same value by the sign test: they have no spread, but they have a side."""
    p_value = 2.0 ** (1 - value.n_seeds) if value.estimate else 1.0
    where = f"all {value.n_seeds} seeds have the same value, p = {p_value:.2g} by the sign test"
    if p_value >= round(1 - confidence, 12):
        return UNDECIDED, where
    return (AGREES if np.sign(value.estimate) == SIGNS[claim.shape] else DIFFERS), where


def _near_zero(claim: Claim, value: Value, confidence: float) -> tuple[str, str]:
    half, one_sided = _halves(value, confidence, correlation=claim.kind == "correlation")
    centre = float(fisher_z(value.estimate)) if claim.kind == "correlation" else value.estimate
    return _against(Difference(centre, half, one_sided), _margin(claim), f"zero {margin_text(claim)}")


def _number(claim: Claim, value: Value, confidence: float) -> tuple[str, str]:
    correlation = claim.kind == "correlation"
    half, one_sided = _halves(value, confidence, correlation=correlation)
    centre, target = value.estimate, published_value(claim)
    if correlation:
        centre, target = float(fisher_z(centre)), float(fisher_z(target))
    theirs, assumed = _published_halves(claim, value, (half, one_sided), confidence)
    reading = _reading(claim)
    off = Difference(
        centre - target, float(np.hypot(half, theirs[0])) + reading, float(np.hypot(one_sided, theirs[1])) + reading
    )
    margin = _margin(claim) * (1.0 if correlation or claim.kind != "ratio" or _logarithmic(claim) else abs(target))
    decided, reason = _against(off, margin, f"the published number {margin_text(claim)}")
    return decided, f"{reason}{assumed}"


def _against(found: Difference, margin: float, what: str) -> tuple[str, str]:
    """Judge a difference: small for certain, there for certain, or neither."""
    if abs(found.off) + found.one_sided <= margin:
        return AGREES, f"equal to {what}"
    if abs(found.off) > found.half:
        side = "above" if found.off > 0 else "below"
        within = "certainly" if abs(found.off) - found.half > margin else "perhaps"
        return DIFFERS, f"{side} {what.partition(' within')[0]}, {within} by more than the margin"
    return UNDECIDED, f"neither equal to {what} nor different from it for certain"


def _halves(value: Value, confidence: float, *, correlation: bool) -> tuple[float, float]:
    """Return half of the run's t interval, and its one-sided counterpart, on the scale of the comparison."""
    ends = np.array([value.low, value.high])
    half = float(np.ptp(fisher_z(ends) if correlation else ends)) / 2
    freedom = value.n_seeds - 1
    return half, half * float(stdtrit(freedom, confidence) / stdtrit(freedom, 0.5 + confidence / 2))


def _published_halves(
    claim: Claim, value: Value, ours: tuple[float, float], confidence: float
) -> tuple[tuple[float, float], str]:
    """Return the same of the published number, and what had to be assumed.

    A number that was published without its spread is taken to be spread as this run's: that is so if they agree, which
    is what is tested. One whose number of seeds is not stated counts as a single run.
    """
    correlation = claim.kind == "correlation"
    normal = float(ndtri(confidence) / ndtri(0.5 + confidence / 2))
    if claim.interval is not None:
        ends = np.array(claim.interval)
        half = float(np.ptp(fisher_z(ends) if correlation else ends)) / 2
        if (n := claim.n) is None or n < 2:
            return (half, half * normal), ""
        error = half / float(ndtri(0.5 + confidence / 2))  # the runs are of n seeds, which are what is independent
        return (error * float(stdtrit(n - 1, 0.5 + confidence / 2)), error * float(stdtrit(n - 1, confidence))), ""
    sd, n = _deviation(claim), claim.n
    if sd is not None and n is not None:
        half = half_width(sd, n, confidence) * _slope(claim)
        return (half, half * float(stdtrit(n - 1, confidence) / stdtrit(n - 1, 0.5 + confidence / 2))), ""
    factor = float(np.sqrt(value.n_seeds / (n or 1)))
    words = "" if n else ", taken as a single run, as its number of seeds is not stated"
    return (ours[0] * factor, ours[1] * factor), f"; published without a spread, assumed equal to this run's{words}"


def _deviation(claim: Claim) -> float | None:
    """Return the published standard deviation over seeds, or that of a published range of n seeds; None if unknown."""
    if claim.n is None or claim.n < 2:
        return None
    if claim.range is not None and claim.n - 2 < len(_RANGE):
        return (claim.range[1] - claim.range[0]) / _RANGE[claim.n - 2]
    return claim.sd


def _slope(claim: Claim) -> float:
    """Return the derivative of the comparison's scale at the published number."""
    return 1 / (1 - min(published_value(claim) ** 2, 1 - 1e-9)) if claim.kind == "correlation" else 1.0


def _reading(claim: Claim) -> float:
    return 0.0 if claim.interval is not None else claim.precision * _slope(claim)


def _logarithmic(claim: Claim) -> bool:
    return bool(claim.measure.get("log")) or claim.measure["of"] == "onset"


def _margin(claim: Claim) -> float:
    return float(np.log1p(claim.margin)) if claim.kind == "ratio" and _logarithmic(claim) else claim.margin


def margin_text(claim: Claim) -> str:
    """Return what counts as equal, such as "within 1 percentage point"; empty for a direction, which has no margin."""
    if claim.shape and SIGNS[claim.shape]:
        return ""
    texts = {
        "accuracy": f"within {100 * claim.margin:g} percentage point{'' if claim.margin == 0.01 else 's'}",
        "correlation": f"within {claim.margin:g} of Fisher's z",
        "ratio": f"within {100 * claim.margin:g} %",
    }
    return texts[claim.kind]
