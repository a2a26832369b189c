"""Means over seeds, and notes on the coefficients of a correlations table; for the figures of every study."""

from collections import Counter
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.special import stdtrit

COLLAPSE = ("nc1", "nc2", "nc3", "nc4")
SINGLE_SEED = "One seed: no intervals."
_FEW_SEEDS = {1: [SINGLE_SEED], 2: ["Two seeds: too few to decide anything."]}
_SEEDS = r"undefined for seed [\d, ]+: "  # which ones, a note leaves to the table
_REASONS = 3  # different reasons that a note quotes from the correlations table


def over_seeds(rows: pd.DataFrame, by: str, column: str, confidence: float) -> pd.DataFrame:
    """Summarise `column` over seeds for each value of `by`, values that are not finite left out.

    Returns:
        One row per value of `by`, ascending: `x`, `mean`, the standard deviation `sd` of the seeds, the mean's standard
        `error`, `low` and `high` (ends of Student's t interval of the mean) and `n`, the seeds that contribute. What
        takes two seeds is missing for a single one. Where no value has more than two, `low` and `high` are the two
        seeds: at 95% a t interval is 13 times as wide as they are apart, and hides everything else in a panel.
    """
    rows = rows_where(rows, np.isfinite(rows[column].astype(float)))
    groups = rows.groupby(by)[column]  # `agg` of the three takes five times as long
    count = groups.count()
    mean, deviation = (np.asarray(found, dtype=float) for found in (groups.mean(), groups.std()))
    several = np.where(count > 1, count, np.nan)
    error = deviation / np.sqrt(several)
    half = stdtrit(several - 1, 0.5 + confidence / 2) * error
    if max(count.tolist(), default=0) == 2:
        half = error  # of two seeds, it is half the distance between them
    spread = {"sd": deviation, "error": error, "low": mean - half, "high": mean + half}
    return pd.DataFrame({"x": count.index.to_numpy(), "mean": mean, **spread, "n": count.to_numpy()})


def few_seeds(rows: pd.DataFrame) -> list[str]:
    """Say what the number of seeds of these rows means where there are one or two."""
    return _FEW_SEEDS.get(len(set(rows["seed"])), [])


def with_deviation(summary: pd.DataFrame) -> pd.DataFrame:
    """Return a summary of `over_seeds` whose low and high are one standard deviation of the seeds from the mean."""
    return summary.assign(low=summary["mean"] - summary["sd"], high=summary["mean"] + summary["sd"])


def coefficient_text(rows: pd.DataFrame) -> str:
    """Return the first of these correlation rows as text: the estimate and, in brackets, its interval."""
    if rows.empty or not np.isfinite(rows["estimate"].iloc[0]):
        return "undefined"
    estimate, low, high = (signed(rows[name].iloc[0]) for name in ("estimate", "ci_low", "ci_high"))
    return estimate if np.isnan(rows["ci_low"].iloc[0]) else f"{estimate} [{low}, {high}]"


def signed(value: float) -> str:
    """Return a number with two decimals and a proper minus sign."""
    return f"{value:z.2f}".replace("-", "\N{MINUS SIGN}")


def missing_notes(rows: pd.DataFrame) -> list[str]:
    """Count the coefficients of these correlation rows that are undefined, with the table's own reasons."""
    missing = rows_where(rows, rows["estimate"].isna())
    if missing.empty:
        return []
    notes = missing["note"].fillna("").str.replace(_SEEDS, "", regex=True)
    counts = Counter(notes.replace("", "no reason given"))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{reason} ({count})" for reason, count in ordered[:_REASONS]]
    parts += [f"other reasons ({sum(count for _, count in ordered[_REASONS:])})"] if len(ordered) > _REASONS else []
    return [f"{len(missing)} of {len(rows)} coefficients undefined: {'; '.join(parts)}."]


def single_seed_note(rows: pd.DataFrame) -> list[str]:
    """Say why coefficients have no interval where they come from one seed."""
    defined = rows_where(rows, rows["estimate"].notna())
    single = int((defined["n_seeds"].to_numpy() <= 1).sum())
    if single and single == len(defined):
        return [SINGLE_SEED]
    return [f"No interval (single seed): {single} of {len(rows)} coefficients."] if single else []


def rows_where(frame: pd.DataFrame, mask: Any) -> pd.DataFrame:
    """Return the rows where a boolean mask holds; a frame, which type checkers cannot see in `frame[mask]`."""
    return cast("pd.DataFrame", frame.loc[mask])
