"""This run's value of what a claim is about, with an interval over seeds.

Means over seeds have Student's t interval, means of the seeds' correlations that of Fisher's z, and correlations of the
correlations table the interval that stands there. Seeds that all have the same value leave no spread to judge by, and
no interval. A checkpoint or task missing from the run is replaced by the nearest one, and `missing` says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from plasticity.analysis.jackknife import fisher_z, mean_interval
from plasticity.analysis.onset import onset
from plasticity.report.published.places import Place, by_seed, nearest, rows_at, rows_of, words

_LEAST_POINTS = 3
_ROUNDING = 1e-9  # of values that are equal, beside their size
_COLUMNS = ("column", "minus_column", "x", "y")  # of the table of metrics
_OF = ("arm", "column", "layer", "at")  # what a contrast may differ in


@dataclass(frozen=True)
class RunTables:
    """A study's table of metrics, its correlations, the column that counts its checkpoints, the intervals' level."""

    metrics: pd.DataFrame
    correlations: pd.DataFrame
    axis: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value of this run: estimate, interval, seeds; where it was taken, and why it is missing or was taken elsewhere.

    The interval of a `correlation` is Student's t on the scale of Fisher's z, that of a mean as it is.
    Seeds that are `alike` all have the same value, and there is no interval. `parts` are the values that a joint claim
    is about, see `joint.py`. `p` is the p-value where t has other degrees of freedom than one less than the seeds.
    """

    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    n_seeds: int = 0
    place: str = ""
    missing: str = ""
    correlation: bool = False
    alike: bool = False
    parts: "tuple[Value, ...]" = ()
    p: float | None = None

    def p_value(self, confidence: float) -> float:
        """Return the two-sided p-value that goes with the t interval of this level; NaN where there is none."""
        if self.p is not None:
            return self.p
        scaled = np.array([self.estimate, self.low, self.high])
        _, low, high = fisher_z(scaled) if self.correlation else scaled
        centre, half, freedom = (high + low) / 2, (high - low) / 2, self.n_seeds - 1
        if not (freedom >= 1 and half > 0):
            return np.nan
        return float(2 * stdtr(freedom, -abs(centre) * stdtrit(freedom, 0.5 + confidence / 2) / half))


def measured(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return this run's value of a claim's measure; without a row of what it is about, why there is none."""
    columns = {} if measure["of"] == "correlation" else {"arm": "arm", "minus_arm": "arm", "experiment": "experiment"}
    for key, column in columns.items():
        if key in measure and not (tables.metrics[column] == measure[key]).any():
            return Value(missing=f"no row of {measure[key]} in metrics.parquet")
    read = (measure[key] for key in _COLUMNS if key in measure)
    if unmeasured := [column for column in read if column not in tables.metrics]:
        return Value(missing=f"{unmeasured[0]} was not measured")
    return _MEASURES[measure["of"]](measure, tables)


def t_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return Student's t interval of the mean of independent values, shape (n,); NaN for fewer than two, or equal ones.

    Rounding, or few ranks, can make seeds equal; an interval of no width would exclude everything else.
    """
    if values.size < 2 or np.ptp(values) <= _ROUNDING * np.abs(values).max():
        return np.nan, np.nan
    half = half_width(float(values.std(ddof=1)), values.size, confidence)
    return float(values.mean() - half), float(values.mean() + half)


def half_width(sd: float, n: int, confidence: float) -> float:
    """Return half of Student's t interval of a mean of n values with this standard deviation."""
    return float(stdtrit(n - 1, 0.5 + confidence / 2) * sd / np.sqrt(n))


def _level(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of a column at one checkpoint or task of an arm."""
    rows = rows_of(tables.metrics, "arm", measure["arm"], measure.get("layer"))
    place = rows_at(rows, measure["at"], tables.axis)
    values = by_seed(place.rows, measure, measure["column"])
    return over_seeds(values.to_numpy(float), tables.confidence, place=place.name, missing=place.missing)


def _contrast(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of the difference between two arms, columns, layers or checkpoints of a seed."""
    sides = [{key: measure.get(f"{prefix}{key}", measure.get(key)) for key in _OF} for prefix in ("", "minus_")]
    rows = [rows_of(tables.metrics, "arm", side["arm"], side["layer"]) for side in sides]
    shared = np.intersect1d(rows[0][tables.axis], rows[1][tables.axis])
    if not shared.size:
        return Value(missing="no checkpoint or task in common")
    (first, one), (minus, other) = (
        _side(part.loc[part[tables.axis].isin(shared.tolist())], side, measure, tables.axis)
        for part, side in zip(rows, sides, strict=True)
    )
    place = first.name if first.name == minus.name else f"{first.name} minus {minus.name}"
    changes = (one - other).dropna().to_numpy(float)
    return over_seeds(changes, tables.confidence, place=place, missing=first.missing or minus.missing)


def _side(
    rows: pd.DataFrame, side: Mapping[str, Any], measure: Mapping[str, Any], axis: str
) -> tuple[Place, pd.Series]:
    """Return where a side of a contrast is taken, and its values by seed, or their changes since another place."""
    place = rows_at(rows, side["at"], axis)
    values = by_seed(place.rows, measure, side["column"])
    if "since" not in measure:
        return place, values
    start = rows_at(rows, measure["since"], axis)
    changes = (values - by_seed(start.rows, measure, side["column"])).dropna()
    name, missing = f"{place.name} since {start.name}", place.missing or start.missing
    return replace(place, name=name, missing=missing), changes


def _onset(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of the log ratio of two layers' onsets of collapse, see `onset`."""
    logs = []
    for layer in (measure["layer"], measure["minus_layer"]):
        rows = rows_of(tables.metrics, "arm", measure["arm"], layer)
        rows = rows.loc[rows[tables.axis] > 0].sort_values(tables.axis)
        found = {
            seed: onset(part[tables.axis].to_numpy(float), part[measure["column"]].to_numpy(float))
            for seed, part in rows.groupby("seed")
        }
        logs.append(np.log(pd.Series(found, dtype="float64")))
    ratios = (logs[0] - logs[1]).dropna().to_numpy(float)
    return over_seeds(ratios, tables.confidence, place=f"all of {words(tables.axis)}")


def _association(measure: Mapping[str, Any], tables: RunTables) -> Value:
    """Return the mean over seeds of a correlation within a seed: over an arm's rows, or across arms at one place.

    Across the arms of an experiment or, where neither is named, across all arms.
    """
    key = next((key for key in ("arm", "experiment") if key in measure), None)
    rows = rows_of(tables.metrics, key, measure[key], measure.get("layer")) if key else tables.metrics
    place, missing = f"all of {words(tables.axis)}", ""
    if "at" in measure:
        chosen = rows_at(rows, measure["at"], tables.axis)
        rows, place, missing = chosen.rows, chosen.name, chosen.missing
    found = np.array([_coefficient(part, measure) for _, part in rows.groupby("seed")], dtype=float)
    found = found[np.isfinite(found)]
    return over_seeds(found, tables.confidence, place=place, missing=missing, correlation=True)


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
    at, missing = nearest(rows["window_end"].to_numpy(), measure["at"], "window_end")
    row = rows.loc[rows["window_end"] == at].iloc[0]
    start, kind = row["window_start"], words(measure["window_kind"])
    place = f"{kind} {at}" if start == at else f"{kind} {start} to {at}"
    missing = missing or ("" if np.isfinite(row["estimate"]) else str(row["note"]))
    return Value(
        estimate=float(row["estimate"]),
        low=float(row["ci_low"]),
        high=float(row["ci_high"]),
        n_seeds=int(row["n_seeds"]),
        place=place,
        missing=missing,
        correlation=True,
    )


_MEASURES: dict[str, Callable[[Mapping[str, Any], RunTables], Value]] = {
    "level": _level,
    "contrast": _contrast,
    "association": _association,
    "correlation": _correlation,
    "onset": _onset,
}


def over_seeds(
    values: np.ndarray, confidence: float, *, place: str = "", missing: str = "", correlation: bool = False
) -> Value:
    """Return the mean of finite values, one per seed, with its interval.

    Args:
        values: A value per seed, shape (n,).
        confidence: Level of the interval.
        place: Where they were taken.
        missing: Why they cannot be compared, if so.
        correlation: They are correlations, whose mean has the interval of `plasticity.analysis.jackknife`.
    """
    if not values.size:
        return Value(place=place, missing=missing or "no finite value in any seed")
    if correlation:
        low, high = (float(end) for end in mean_interval(values[None], confidence)[:, 0])
    else:
        low, high = t_interval(values, confidence)
    return Value(
        estimate=float(values.mean()),
        low=low,
        high=high,
        n_seeds=values.size,
        place=place,
        missing=missing,
        correlation=correlation,
        alike=values.size > 1 and not np.isfinite(low),
    )
