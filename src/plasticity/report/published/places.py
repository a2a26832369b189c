"""Which rows of a study's table a claim's measure reads: of an arm, a layer, and at which checkpoint or task.

A checkpoint or task missing from the run is replaced by the nearest one, and `missing` says so. A table with a row per
layer is read at its last hidden layer unless the measure names another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

_RUN = ["arm", "seed"]


@dataclass(frozen=True)
class Place:
    """Rows at one checkpoint or task of every run; what that is called, and what is missing of what was asked."""

    rows: pd.DataFrame
    name: str
    missing: str


def rows_of(metrics: pd.DataFrame, column: str, name: str, layer: int | None = None) -> pd.DataFrame:
    """Return the rows whose `column` is `name`, of one hidden layer where the table has layers; None is the last."""
    chosen = metrics[column] == name
    if "last_layer" in metrics:
        chosen &= metrics["last_layer"] if layer is None else metrics["layer"] == layer
    return cast("pd.DataFrame", metrics.loc[chosen])


def rows_at(rows: pd.DataFrame, at: int | str, axis: str) -> Place:
    """Return the rows at a checkpoint or task.

    Args:
        rows: Rows of a table, at least one.
        at: Its number; or "first", the table's first; "last", each run's own last one, which may differ where a loss
            ends the training; "half", each run's last one in the first half of its length.
        axis: Column that counts checkpoints or tasks.
    """
    missing = ""
    if at in ("last", "half"):
        ends = rows.groupby(_RUN)[axis].transform("max").to_numpy()
        within = rows.loc[rows[axis] <= (ends if at == "last" else ends / 2)]
        found = cast("pd.DataFrame", within.loc[within[axis] == within.groupby(_RUN)[axis].transform("max")])
    else:
        number, missing = nearest(rows[axis].to_numpy(), at, axis)
        found = cast("pd.DataFrame", rows.loc[rows[axis] == number])
    return Place(found, place_name(found[axis].to_numpy(), axis), missing)


def nearest(places: np.ndarray, at: int | str, axis: str) -> tuple[int, str]:
    """Return the place that is meant, or the nearest one there is and what is missing."""
    if isinstance(at, str):
        return int(places.min() if at == "first" else places.max()), ""
    found = int(places[np.argmin(np.abs(places.astype(float) - at))])
    return found, "" if found == at else f"published at {words(axis)} {at}, nearest in this run {found}"


def place_name(places: np.ndarray, axis: str) -> str:
    """Return what a checkpoint or task is called; its ends where runs differ in it."""
    if not places.size:
        return ""
    ends = dict.fromkeys([int(places.min()), int(places.max())])
    return f"{words(axis)} {' to '.join(map(str, ends))}"


def by_seed(rows: pd.DataFrame, measure: Mapping[str, Any], column: str) -> pd.Series:
    """Return a column's finite values by seed, or their logarithms where the measure says so."""
    values = rows[column].to_numpy(dtype="float64", na_value=np.nan)
    if measure.get("log"):
        values = np.log(np.where(values > 0, values, np.nan))
    finite = np.isfinite(values)
    return pd.Series(values[finite], index=rows["seed"].to_numpy()[finite])


def words(name: str) -> str:
    """Return a column's name as words."""
    return name.replace("_", " ")
