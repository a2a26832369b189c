"""A finding: one sentence with numbers from the tables, and how estimates are taken from their rows.

Where a table corrects for several tests, its verdict counts, not the bare interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity.analysis.verdict import FEWEST_SEEDS, holm
from plasticity.report.published.measures import Value, t_interval

CAUSES_SHOWN = ["treatment", "quantity", "outcome", "method", "estimate", "ci_low", "ci_high", "p_adjusted", "verdict"]
"""Columns of the table of causes that stand behind a sentence."""
_DECIDED = {"supports", "contradicts", "above zero", "below zero"}


class NotInThisRun(Exception):
    """There are no rows for a finding; the text says what is missing."""


@dataclass(frozen=True)
class Statement:
    """What a finding's function returns: the sentence, and the few rows that its numbers are in."""

    sentence: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Finding:
    """A finding as the page shows it: heading, sentence, names of figure and table, and the rows behind it.

    One that is `missing` has nothing to be read from in this run; its sentence says what.
    """

    title: str
    sentence: str
    figure: str
    table: str
    rows: pd.DataFrame
    missing: bool = False


def mean_over_seeds(values: Mapping[Any, float] | Sequence[float] | pd.Series, confidence: float) -> Value:
    """Return the mean of one value per seed with Student's t interval; what is not finite is left out."""
    found = pd.Series(values, dtype="float64").to_numpy()
    found = found[np.isfinite(found)]
    low, high = t_interval(found, confidence)
    if not found.size:
        return Value(missing="no finite value")
    missing = few(found.size) or ("" if np.isfinite(low) else "all seeds have the same value")
    return Value(estimate=float(found.mean()), low=low, high=high, n_seeds=int(found.size), missing=missing)


def correlation(row: Mapping[Any, Any]) -> Value:
    """Return a row of the correlations table; its note says why an estimate is missing. Few seeds decide nothing."""
    estimate, seeds = float(row["estimate"]), int(row["n_seeds"])
    return Value(
        estimate=estimate,
        low=float(row["ci_low"]),
        high=float(row["ci_high"]),
        n_seeds=seeds,
        missing=few(seeds) if np.isfinite(estimate) else str(row["note"]),
        correlation=True,
    )


def together(values: Sequence[Value], confidence: float) -> list[Value]:
    """Return values that one sentence decides about; what Holm's correction for all of them leaves open is left open.

    So is what has too few seeds.

    Args:
        values: What the sentence says a direction of.
        confidence: Level of their intervals.
    """
    values = [value if value.missing else replace(value, missing=few(value.n_seeds)) for value in values]
    p_values = np.array([value.p_value(confidence) for value in values])
    is_open = holm(p_values) >= round(1 - confidence, 12)
    said = undecided(int(np.isfinite(p_values).sum()))
    pairs = zip(values, is_open.tolist(), strict=True)
    return [replace(value, missing=said) if still and not value.missing else value for value, still in pairs]


def cause(row: Mapping[Any, Any]) -> Value:
    """Return a row of the table of causes; it decides as its verdict does, which is corrected for several tests."""
    decided = row["verdict"] in _DECIDED
    held = float(row["ci_low"]) <= 0 <= float(row["ci_high"])
    reason = str(row["note"]) or str(row["verdict"])
    if np.isfinite(float(row["ci_low"])) and not held and row["verdict"] != "too few seeds":
        reason = undecided(row["n_tests"])
    return Value(
        estimate=float(row["estimate"]),
        low=float(row["ci_low"]),
        high=float(row["ci_high"]),
        n_seeds=int(row["n_seeds"]),
        missing="" if decided else reason,
    )


def undecided(tests: int) -> str:
    """Return why an estimate is open whose p-value does not survive the correction for so many tests."""
    return f"not significant after Holm\N{RIGHT SINGLE QUOTATION MARK}s correction for {tests} tests"


def few(seeds: int) -> str:
    """Return why so many seeds decide nothing; empty where they may, and for one, which has no interval."""
    return f"{seeds} seeds are too few to decide" if 1 < seeds < FEWEST_SEEDS else ""


def the_row(table: pd.DataFrame, missing: str, **keys: Any) -> dict[Any, Any]:
    """Return the first row of a table with these values of columns.

    Raises:
        NotInThisRun: If there is none; `missing` is what it says.
    """
    rows = rows_with(table, **keys)
    if rows.empty:
        raise NotInThisRun(missing)
    return rows.iloc[0].to_dict()


def rows_with(table: pd.DataFrame, **keys: Any) -> pd.DataFrame:
    """Return the rows of a table with these values of columns; a list stands for any of its values."""
    mask = np.ones(len(table), dtype=bool)
    for column, value in keys.items():
        mask &= table[column].isin(value if isinstance(value, list) else [value]).to_numpy(dtype=bool)
    return cast("pd.DataFrame", table.loc[mask])


def over_doses(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a slope's row with its numbers times the distance from the smallest to the largest dose."""
    low, high = float(row["dose_low"]), float(row["dose_high"])
    step = np.log(high / low) if "per ln" in row["unit"] else high - low
    return {**row, **{name: step * float(row[name]) for name in ("estimate", "ci_low", "ci_high")}}
