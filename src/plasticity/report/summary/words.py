"""The words in which estimates with intervals are put: they follow the interval, and nothing else.

What an interval over zero leaves open is said to be open, and an estimate without an interval decides nothing.
"""

from dataclasses import dataclass

import numpy as np

from plasticity.report.published.measures import Value


@dataclass(frozen=True)
class Unit:
    """How numbers are shown: times `scale`, by the format `form`, with the words of the unit behind."""

    scale: float = 1.0
    form: str = ".2f"
    words: str = ""


POINTS = Unit(100, ".1f", "percentage points")
"""Differences of accuracies, which the tables have as fractions."""
COEFFICIENT = Unit()


def side(value: Value) -> int:
    """Return 1 or -1 where the interval lies above or below zero and nothing else leaves that open; else 0."""
    if value.missing or not np.isfinite([value.estimate, value.low, value.high]).all():
        return 0
    return int(value.low > 0) - int(value.high < 0)


def why_open(value: Value) -> str:
    """Say why a value decides nothing; empty where it does."""
    if side(value):
        return ""
    if not np.isfinite(value.estimate):
        reason = value.missing if value.missing.startswith("undefined") else f"undefined: {value.missing}"
        return f"it is {reason}" if value.missing else "it is undefined"
    if value.n_seeds < 2:
        return "one seed has no interval"
    if not np.isfinite([value.low, value.high]).all():
        return "it has no interval"
    return "the interval includes zero" if value.low <= 0 <= value.high else value.missing


def number(value: float, unit: Unit) -> str:
    """Return a number in its unit with a proper minus sign, without the unit's words."""
    return format(unit.scale * value, unit.form).replace("-", "\N{MINUS SIGN}")


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
    """Return the factor that a difference of natural logarithms is; it decides about one and no longer about zero."""
    ends = np.exp([value.estimate, value.low, value.high]).tolist()
    return Value(estimate=ends[0], low=ends[1], high=ends[2], n_seeds=value.n_seeds, missing=value.missing)


def go_together(value: Value) -> str:
    """Say in words what a correlation decides: "rise and fall together (r = 0.90 [0.85, 0.93])"."""
    shown = f"r = {numbers(value)}"
    if side(value) > 0:
        return f"rise and fall together ({shown})"
    if side(value) < 0:
        return f"go opposite ways ({shown})"
    reason = f"{shown}; {why_open(value)}" if np.isfinite(value.estimate) else why_open(value)
    return f"have a relation whose sign the data cannot decide ({reason})"


def seeds_text(count: int, *, left_out: int = 0) -> str:
    """Return "n = 3 seeds", and how many were left out because they have not all that a mean is over."""
    without = f", {left_out} left out as incomplete" if left_out else ""
    return f"n = {count} seed{'' if count == 1 else 's'}{without}"


def t_text(confidence: float) -> str:
    """Return what an interval of Student's t over seeds is called."""
    return f"{100 * confidence:g} % t interval over seeds"


def moves(value: Value, what: str, shown: str, *, of: str = "zero") -> str:
    """Say in words what a change decides: "raises NC1 (times 1.5 [1.2, 1.9])".

    Args:
        value: The change; it decides by lying above or below zero.
        what: What is changed.
        shown: The change as it is shown.
        of: What its interval is said to include, where that is not zero on the scale that is shown.
    """
    decided = {1: f"raises {what} ({shown})", -1: f"lowers {what} ({shown})"}
    reason = why_open(value).replace("zero", of)
    return decided.get(side(value), f"changes {what} in a direction that the data cannot decide ({shown}; {reason})")


def times(value: Value) -> str:
    """Return a factor as text: "times 1.54 [1.35, 1.76]"."""
    return f"times {numbers(value)}"


def plain(value: float, form: str = "g") -> str:
    """Return a number of the tables with a proper minus sign."""
    return format(value, form).replace("-", "\N{MINUS SIGN}")
