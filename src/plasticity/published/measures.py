"""This run's value of what a claim is about, with an interval over seeds.

Means over seeds have Student's t interval. Correlations of the correlations table have the bootstrap interval that
stands there. A checkpoint or task that the run has not is replaced by the nearest one, and `missing` says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.special import stdtrit

_LEAST_POINTS = 3


@dataclass(frozen=True)
class RunTables:
    """A study's tables "metrics" (or "permuted") and "correlations", and how sure its intervals are."""

    metrics: pd.DataFrame
    correlations: pd.DataFrame
    axis: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value of this run: estimate, interval, seeds; where it was taken, and why it is none or not the one asked."""

    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    n_seeds: int = 0
    place: str = ""
    missing: str = ""


def measured(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return this run's value of a claim's measure; its arms must have rows."""
    return _MEASURES[measure["of"]](measure, tables)


def t_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return Student's t interval of the mean of independent values, shape (n,); NaN for fewer than two."""
    if values.size < 2:
        return np.nan, np.nan
    half = half_width(float(values.std(ddof=1)), values.size, confidence)
    return float(values.mean() - half), float(values.mean() + half)


def half_width(sd: float, n: int, confidence: float) -> float:
    """Return half of Student's t interval of a mean of n values with this standard deviation."""
    return float(stdtrit(n - 1, 0.5 + confidence / 2) * sd / np.sqrt(n))


def _level(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of a column at one checkpoint or task of an arm."""
    rows = _rows(tables, "arm", measure["arm"])
    at, missing = _resolve(rows[tables.axis].to_numpy(), measure["at"], tables.axis)
    return _over_seeds(
        _column(rows, measure, tables.axis, at), tables, place=f"{_words(tables.axis)} {at}", missing=missing
    )


def _contrast(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of the difference between two arms at the same checkpoint or task."""
    rows, minus = (_rows(tables, "arm", measure[key]) for key in ("arm", "minus_arm"))
    shared = np.intersect1d(rows[tables.axis], minus[tables.axis])
    if not shared.size:
        return Value(missing="no checkpoint or task that both arms have")
    at, missing = _resolve(shared, measure["at"], tables.axis)
    first, second = (_column(part, measure, tables.axis, at) for part in (rows, minus))
    return _over_seeds((first - second).dropna(), tables, place=f"{_words(tables.axis)} {at}", missing=missing)


def _association(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of a correlation within a seed: over an arm's rows, or across an experiment's arms."""
    rows = _rows(tables, *(("arm", measure["arm"]) if "arm" in measure else ("experiment", measure["experiment"])))
    place, missing = f"all of {_words(tables.axis)}", ""
    if "at" in measure:
        at, missing = _resolve(rows[tables.axis].to_numpy(), measure["at"], tables.axis)
        rows, place = rows.loc[rows[tables.axis] == at], f"{_words(tables.axis)} {at}"
    found = {seed: _coefficient(part, measure) for seed, part in rows.groupby("seed")}
    found = {seed: value for seed, value in found.items() if np.isfinite(value)}
    return _over_seeds(pd.Series(found, dtype="float64"), tables, place=place, missing=missing, bound=1.0)


def _coefficient(rows: pd.DataFrame, measure: Mapping[str, Any]) -> float:
    """Return the correlation of a measure's two columns over different points; NaN if fewer than 3 or constant."""
    points = np.unique(rows[[measure["x"], measure["y"]]].to_numpy(dtype="float64", na_value=np.nan), axis=0)
    if measure.get("log_x"):
        points[:, 0] = np.log(np.where(points[:, 0] > 0, points[:, 0], np.nan))
    points = points[np.isfinite(points).all(axis=1)]
    if measure["method"] == "spearman":
        points = pd.DataFrame(points).rank().to_numpy()
    if len(points) < _LEAST_POINTS or (np.ptp(points, axis=0) == 0).any():
        return np.nan
    return float(np.corrcoef(points.T)[0, 1])


def _correlation(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return a row of the correlations table."""
    table = tables.correlations
    keys = ("metric", "outcome", "arm", "method", "aggregate", "window_kind")
    mask = np.logical_and.reduce([table[key] == measure[key] for key in keys])
    rows = cast("pd.DataFrame", table.loc[mask])
    if rows.empty:
        return Value(missing="no such row in correlations.parquet")
    at, missing = _resolve(rows["window_end"].to_numpy(), measure["at"], "window_end")
    row = rows.loc[rows["window_end"] == at].iloc[0]
    start, kind = row["window_start"], _words(measure["window_kind"])
    place = f"{kind} {at}" if start == at else f"{kind} {start} to {at}"
    missing = missing or ("" if np.isfinite(row["estimate"]) else str(row["note"]))
    return Value(
        estimate=float(row["estimate"]),
        low=float(row["ci_low"]),
        high=float(row["ci_high"]),
        n_seeds=int(row["n_seeds"]),
        place=place,
        missing=missing,
    )


_MEASURES: dict[str, Callable[[Mapping[str, Any], RunTables], Value]] = {
    "level": _level,
    "contrast": _contrast,
    "association": _association,
    "correlation": _correlation,
}


def _rows(tables: RunTables, column: str, name: str) -> pd.DataFrame:
    return cast("pd.DataFrame", tables.metrics.loc[tables.metrics[column] == name])


def _column(rows: pd.DataFrame, measure: Mapping[str, Any], axis: str, at: int) -> pd.Series:
    """Return a column's finite values at one checkpoint or task, by seed."""
    values = rows.loc[rows[axis] == at].set_index("seed")[measure["column"]].astype("float64")
    if measure.get("log"):
        values = np.log(values.where(values > 0))
    return values.replace([np.inf, -np.inf], np.nan).dropna()


def _resolve(places: np.ndarray, at: int | str, axis: str) -> tuple[int, str]:
    """Return the checkpoint or task that is meant, or the nearest one there is and what is missing."""
    if isinstance(at, str):
        return int(places.min() if at == "first" else places.max()), ""
    nearest = int(places[np.argmin(np.abs(places.astype(float) - at))])
    return nearest, "" if nearest == at else f"published at {_words(axis)} {at}, nearest here {nearest}"


def _over_seeds(values: pd.Series, tables: RunTables, *, place: str, missing: str, bound: float = np.inf) -> Value:
    found = values.to_numpy(dtype="float64")
    if not found.size:
        return Value(place=place, missing=missing or "no finite value at any seed")
    low, high = (float(np.clip(end, -bound, bound)) for end in t_interval(found, tables.confidence))
    return Value(estimate=float(found.mean()), low=low, high=high, n_seeds=found.size, place=place, missing=missing)


def _words(name: str) -> str:
    return name.replace("_", " ")
