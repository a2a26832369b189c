"""What checkpoints store of the landscape around their networks: spectra, cosines, learning curves of probes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from plasticity.report.figures.summaries import rows_where


@dataclass(frozen=True)
class Moment:
    """A point of a training, and what is stored there.

    Attributes:
        title: What figures call it.
        values: Stored numbers (n,) by column, by arm and seed.
    """

    title: str
    values: Mapping[tuple[str, int], Mapping[str, np.ndarray]]

    def of(self, arm: str) -> list[Mapping[str, np.ndarray]]:
        """Return what is stored of an arm's seeds."""
        return [found for (name, _), found in self.values.items() if name == arm]


def moments(rows: pd.DataFrame, columns: Sequence[str], *, axis: str, title: str) -> list[Moment]:
    """Return the points at which all columns are stored, in order.

    Args:
        rows: A row per arm, seed and checkpoint.
        columns: Columns of lists of numbers.
        axis: Column that counts the checkpoints; 0 is the initialisation.
        title: What figures call the others, with a place for the count.
    """
    if not set(columns) <= set(rows.columns):
        return []
    there = rows_where(rows, rows[list(columns)].notna().all(axis=1))
    found = []
    for count in sorted(set(there[axis].tolist())):
        name = title.format(int(count)) if count else "Initialisation"
        found.append(Moment(name, _stored(rows_where(there, there[axis].eq(count)), columns)))
    return found


def _stored(rows: pd.DataFrame, columns: Sequence[str]) -> dict[tuple[str, int], dict[str, np.ndarray]]:
    return {
        (str(row["arm"]), int(row["seed"])): {name: np.asarray(row[name], float) for name in columns}
        for row in rows.to_dict("records")
    }
