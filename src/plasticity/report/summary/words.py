"""Estimates with intervals in words, which follow from the interval alone.

An interval that includes zero is inconclusive, and so is an estimate without an interval.
"""

import re
from dataclasses import dataclass

import numpy as np

from plasticity.config.component import Chosen
from plasticity.report.published.measures import Value


@dataclass(frozen=True)
class Unit:
    """How numbers are shown: times `scale`, in the format `form`, followed by the words of the unit."""

    scale: float = 1.0
    form: str = ".2f"
    words: str = ""


POINTS = Unit(100, ".1f", "pp")
"""Percentage points: differences of accuracies, which the tables have as fractions."""
COEFFICIENT = Unit()
_INCLUDES_ZERO = "the interval includes zero"
_OF_EVERY_SEED = re.compile(r"undefined for seed [\d, ]+: ((\d+ points?)|[^;]+)")


def side(value: Value) -> int:
    """Return 1 or -1 where the interval lies above or below zero and nothing else leaves that open; else 0."""
    if value.missing or not np.isfinite([value.estimate, value.low, value.high]).all():
        return 0
    return int(value.low > 0) - int(value.high < 0)


def why_open(value: Value) -> str:
    """Return why a value is inconclusive; empty where it is not."""
    if side(value):
        return ""
    if not np.isfinite(value.estimate):
        return _undefined(value.missing)
    if value.n_seeds < 2:
        return "one seed, no interval"
    if not np.isfinite([value.low, value.high]).all():
        return "no interval"
    return _INCLUDES_ZERO if value.low <= 0 <= value.high else value.missing


def inconclusive(value: Value, *, of: str = "zero") -> str:
    """Return how a sentence about an open value begins: "Inconclusive", and why, unless its interval includes `of`."""
    reason = why_open(value)
    return "Inconclusive" if reason == _INCLUDES_ZERO else f"Inconclusive ({reason.replace('zero', of)})"


def _undefined(reason: str) -> str:
    """Return why a mean over seeds is undefined; a reason that its seeds share is given once, without their list."""
    if shared := _OF_EVERY_SEED.fullmatch(reason):
        return f"undefined: only {shared[2]} per seed" if shared[2] else f"undefined: {shared[1]}"
    if not reason:
        return "undefined"
    return reason if reason.startswith("undefined") else f"undefined: {reason}"


def number(value: float, unit: Unit) -> str:
    """Return a number in its unit with a proper minus sign, without the unit's words."""
    return format(unit.scale * value, f"z{unit.form}").replace("-", "\N{MINUS SIGN}")


def numbers(value: Value, unit: Unit = COEFFICIENT) -> str:
    """Return the estimate with the words of the unit and its interval in brackets; a dash where it is undefined."""
    if not np.isfinite(value.estimate):
        return "–"
    words = f" {unit.words}" if unit.words else ""
    interval = f" [{number(value.low, unit)}, {number(value.high, unit)}]" if np.isfinite(value.low) else ""
    return f"{number(value.estimate, unit)}{words}{interval}"


def sized(value: Value, unit: Unit = COEFFICIENT) -> str:
    """Return a value that lies below zero as its size: what is lost, and not what is gained."""
    return numbers(value if value.estimate >= 0 else mirrored(value), unit)


def mirrored(value: Value) -> Value:
    """Return the value of the opposite sign."""
    return Value(
        estimate=-value.estimate,
        low=-value.high,
        high=-value.low,
        n_seeds=value.n_seeds,
        place=value.place,
        missing=value.missing,
        correlation=value.correlation,
    )


def factor(value: Value) -> Value:
    """Return a difference of natural logarithms as a factor, to be compared with one instead of zero."""
    ends = np.exp([value.estimate, value.low, value.high]).tolist()
    return Value(estimate=ends[0], low=ends[1], high=ends[2], n_seeds=value.n_seeds, missing=value.missing)


def go_together(value: Value) -> str:
    """Return a correlation in words: "are positively correlated (r = 0.90 [0.85, 0.93])"."""
    shown = f"r = {numbers(value)}"
    if side(value) > 0:
        return f"are positively correlated ({shown})"
    if side(value) < 0:
        return f"are negatively correlated ({shown})"
    reason = f"{shown}; {why_open(value)}" if np.isfinite(value.estimate) else why_open(value)
    return f"show no clear correlation ({reason})"


def seeds_text(count: int, *, left_out: int = 0) -> str:
    """Return "n = 3 seeds", and how many were left out because some of the values averaged over are missing."""
    without = f", {left_out} left out as incomplete" if left_out else ""
    return f"n = {count} seed{'' if count == 1 else 's'}{without}"


def t_text(confidence: float) -> str:
    """Return what an interval of Student's t over seeds is called."""
    return f"{100 * confidence:g} % t interval over seeds"


def moves(value: Value, what: str, shown: str, *, of: str = "zero") -> str:
    """Return a change in words: "raises NC1 (factor 1.5 [1.2, 1.9])".

    Args:
        value: The change; its interval is compared with zero.
        what: What is changed.
        shown: The change as it is shown.
        of: What its interval is said to include, where that is not zero on the scale that is shown.
    """
    decided = {1: f"raises {what} ({shown})", -1: f"lowers {what} ({shown})"}
    reason = why_open(value).replace("zero", of)
    return decided.get(side(value), f"has no clear effect on {what} ({shown}; {reason})")


def times(value: Value) -> str:
    """Return a factor as text: "factor 1.54 [1.35, 1.76]"."""
    return f"factor {numbers(value)}"


def verdict_text(verdict: str) -> str:
    """Return what a verdict of the table of causes says of the claim that collapse hurts plasticity."""
    claim = "\N{LEFT DOUBLE QUOTATION MARK}collapse hurts plasticity\N{RIGHT DOUBLE QUOTATION MARK}"
    clear = {"supports": f"this supports {claim}", "contradicts": f"this speaks against {claim}"}
    return clear.get(verdict, f"verdict on {claim}: {verdict}")


def network_text(model: Chosen) -> str:
    """Return a network's settings as text: "resnet18, width 64, no max pool"."""
    given = {key.replace("_", " "): value for key, value in model.parameters.items() if value is not None}
    parts = [
        (key if value else f"no {key}") if isinstance(value, bool) else f"{key} {value}" for key, value in given.items()
    ]
    return ", ".join([model.name, *parts])


def plain(value: float, form: str = "g") -> str:
    """Return a number of the tables with a proper minus sign."""
    return format(value, form).replace("-", "\N{MINUS SIGN}")
