"""Runs that have all of a range of tasks or checkpoints.

A mean over the tasks of each run keeps no run that broke off on the way: its early tasks are not what the mean of the
others is of, and would count the good part of a network that failed.
"""

from collections.abc import Collection, Sequence
from typing import cast

import numpy as np
import pandas as pd

_RUN = ["arm", "seed"]


def whole_runs(
    metrics: pd.DataFrame, axis: str, columns: Sequence[str], *, expected: Collection[int] | None = None
) -> pd.DataFrame:
    """Return the rows of the runs, one arm at one seed each, that have every expected task or checkpoint.

    A row that diverged, or is not finite in one of the columns, is none.

    Args:
        metrics: Rows of a study's table, those that diverged among them.
        axis: The column that counts tasks or checkpoints.
        columns: What is to be averaged.
        expected: Values of `axis`; None for those that any run of the arm has.
    """
    rows = metrics if expected is None else metrics.loc[metrics[axis].isin(list(expected))]
    finite = np.isfinite(rows[list(columns)].to_numpy(dtype="float64", na_value=np.nan)).all(axis=1)
    kept = cast("pd.DataFrame", rows.loc[finite & ~rows["diverged"].eq(True).to_numpy(dtype=bool)])
    asked = dict.fromkeys(kept["arm"], len(expected)) if expected else rows.groupby("arm")[axis].nunique().to_dict()
    had = kept.groupby(_RUN)[axis].transform("nunique").to_numpy()
    return cast("pd.DataFrame", kept.loc[had == np.array([asked[arm] for arm in kept["arm"]])])


def left_out(rows: pd.DataFrame, whole: pd.DataFrame) -> int:
    """Return how many runs of a table's rows are not among those that are whole."""
    return rows.groupby(_RUN).ngroups - whole.groupby(_RUN).ngroups
