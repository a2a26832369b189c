"""When an arm of a sequence leaves the first task."""

from collections.abc import Mapping, Sequence
from typing import Any

from plasticity.config.settings import Settings

Row = Mapping[str, Any]
"""An epoch on the first task, as its table has it."""


class Departure(Settings):
    """Where an arm leaves the first task: after `epochs`, or below an NC1 unless that takes more than `max_epochs`."""

    name: str
    first_task: str
    epochs: int | None
    nc1_below: float | None
    max_epochs: int | None

    def epoch_of(self, rows: Sequence[Row]) -> int | None:
        """Return the epoch after which the arm leaves a seed's first task; None if its threshold was not reached.

        Args:
            rows: The seed's epochs on the first task.
        """
        if self.nc1_below is None or self.max_epochs is None:
            return self.epochs
        return epoch_below(rows, self.nc1_below, self.max_epochs)


def epoch_below(rows: Sequence[Row], threshold: float, max_epochs: int) -> int | None:
    """Return the first epoch after which NC1 is below the threshold; None if there is none up to `max_epochs`.

    Args:
        rows: A seed's epochs on the first task in their order, with `epoch` and `nc1`.
        threshold: Of NC1.
        max_epochs: Last epoch that counts.
    """
    found = (row["epoch"] for row in rows if row["epoch"] <= max_epochs and row["nc1"] is not None)
    by_epoch = {row["epoch"]: row["nc1"] for row in rows}
    return next((int(epoch) for epoch in found if by_epoch[epoch] < threshold), None)
