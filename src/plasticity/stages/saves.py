"""When a stage saves its unfinished work: some seconds apart, and once more when a signal ends it."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from numpy.typing import NDArray

from plasticity.jobs.stopping import Stopped
from plasticity.stages.learners.device_data import Row
from plasticity.storage.unfinished import Unfinished

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_SAVES = 20.0  # at most this much work is lost to a kill; with short epochs, saving would take longer


class Saves:
    """Saves of networks that a stage trains, and of their rows.

    Args:
        work: Where they go.
    """

    def __init__(self, work: Unfinished) -> None:
        self._work, self._last_save = work, time.monotonic()
        self._pending: tuple[Mapping[str, NDArray], list[list[Row]]] | None = None

    def save_sometimes(self, tensors: Mapping[str, NDArray], rows: Sequence[Sequence[Row]]) -> None:
        """Save the state after an epoch if the last save is long enough ago; else keep copies for a signal.

        Args:
            tensors: Arrays that the training continues from; they may change afterwards.
            rows: Per run, the rows so far; more may be appended afterwards.
        """
        kept = [list(each) for each in rows]
        if time.monotonic() - self._last_save > _SECONDS_BETWEEN_SAVES:
            self._work.save(tensors, kept)
            self._pending, self._last_save = None, time.monotonic()
        else:
            self._pending = {name: array.copy() for name, array in tensors.items()}, kept

    @contextmanager
    def saving_when_stopped(self) -> Iterator[None]:
        """Save the last finished epoch when a signal ends the block.

        Raises:
            Stopped: After saving.
        """
        try:
            yield
        except Stopped:
            if self._pending is not None:
                self._work.save(*self._pending)
                logger.info("saved the last finished epoch")
            raise
