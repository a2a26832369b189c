"""What is measured after a task: the numbers of the study's table, and those of the user's own code."""

from pathlib import Path

import pandas as pd

from plasticity.storage.tables import unknown_numbers
from plasticity.studies.continual.columns import MEASURED, UPDATE_NORM

METRICS = [column.name for column in MEASURED if column.kind in ("int", "float")]


def quantities_of(frame: pd.DataFrame, path: str | Path) -> list[str]:
    """Return the numbers that the "permuted" table has of networks, and in its file those of the user's.

    Args:
        frame: Rows of the table.
        path: Its file.
    """
    moved = [UPDATE_NORM] if bool(frame[UPDATE_NORM].notna().any()) else []  # older tables have none
    return [*METRICS, *moved, *unknown_numbers(path, "permuted")]
