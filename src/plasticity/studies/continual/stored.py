"""What a sequence of tasks stores of the landscape around its networks: spectra, cosines, learning curves of probes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from plasticity.report.figures.summaries import rows_where

_START = "start_"


@dataclass(frozen=True)
class Moment:
    """A point of the sequence, and what is stored there.

    Attributes:
        title: What figures call it.
        task: Number of the task at whose end it is; 0 before the first one.
        values: Stored numbers (n,) by column, by arm and seed.
    """

    title: str
    task: int
    values: Mapping[tuple[str, int], Mapping[str, np.ndarray]]

    def of(self, arm: str) -> list[Mapping[str, np.ndarray]]:
        """Return what is stored of an arm's seeds."""
        return [found for (name, _), found in self.values.items() if name == arm]


def moments(rows: pd.DataFrame, arms: Sequence[str], columns: Sequence[str]) -> list[Moment]:
    """Return the points at which all columns are stored: the initialisation, then ends of tasks.

    Args:
        rows: Rows of the table "permuted".
        arms: Arms that are looked at.
        columns: Columns of lists of numbers.
    """
    rows = rows_where(rows, rows["arm"].isin(list(arms)))
    first = rows_where(rows, rows["task"].eq(1))
    found = [Moment("Initialisation", 0, _stored(first, {f"{_START}{name}": name for name in columns}))]
    same = {name: name for name in columns}
    for task in sorted(set(rows["task"].tolist())):
        found.append(Moment(f"After task {task}", task, _stored(rows_where(rows, rows["task"].eq(task)), same)))
    return [moment for moment in found if moment.values]


def _stored(rows: pd.DataFrame, names: Mapping[str, str]) -> dict[tuple[str, int], dict[str, np.ndarray]]:
    if not set(names) <= set(rows.columns):
        return {}
    there = rows_where(rows, rows[list(names)].notna().all(axis=1))
    return {
        (str(row["arm"]), int(row["seed"])): {name: np.asarray(row[column], float) for column, name in names.items()}
        for row in there.to_dict("records")
    }
