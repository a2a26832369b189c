"""Unfinished work: a state kept outside the declared outputs, so that a killed job continues from it."""

import json
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError
from plasticity.jobs.stopping import Stopped
from plasticity.storage.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_SAVES = 20.0
"""At most this much work is lost to a kill; saving more often would take its time from short epochs."""

_STATE = "state"
"""Name of the state's text among the arrays: a file's header, where settings go, holds at most 100 MB."""


@dataclass
class Unfinished:
    """The last state of a piece of work.

    Attributes:
        path: The file; its folder belongs to the work alone and is removed by `clear`.
        digest: Digest of everything that determines the work; a state of another digest is ignored.
    """

    path: Path
    digest: str
    _last_save: float = field(default_factory=time.monotonic)
    _pending: dict[str, NDArray] | None = None

    @property
    def due(self) -> bool:
        """Whether the last save is long enough ago for another one."""
        return time.monotonic() - self._last_save >= SECONDS_BETWEEN_SAVES

    def save(self, tensors: Mapping[str, NDArray], state: Any) -> None:
        """Save arrays, and a `state` that JSON can hold, atomically."""
        self._pending = {**tensors, _STATE: _text(state)}
        self._write(self._pending)

    def save_sometimes(self, tensors: Mapping[str, NDArray], state: Any) -> None:
        """Save if the last save is long enough ago; else keep copies for `saving_when_stopped`."""
        if self.due:
            self.save(tensors, state)
        else:
            self._pending = {name: array.copy() for name, array in tensors.items()} | {_STATE: _text(state)}

    @contextmanager
    def saving_when_stopped(self) -> Iterator[None]:
        """Save what `save_sometimes` was given last when a signal ends the block.

        Nothing newer can be saved then: a signal may come in the middle of an epoch.

        Raises:
            Stopped: After saving.
        """
        try:
            yield
        except Stopped:
            if self._pending is not None:  # also if the signal came while it was written
                self._write(self._pending)
                logger.info("saved the last finished epoch")
            raise

    def load(self) -> Checkpoint | None:
        """Return what was saved, its state in `settings["state"]`; None, after clearing, if there is nothing usable."""
        saved = self._usable()
        if saved is None:
            self.clear()
            return None
        arrays = dict(saved.weights)
        state = json.loads(arrays.pop(_STATE).tobytes())
        return replace(saved, weights=arrays, settings={**saved.settings, "state": state})

    def clear(self) -> None:
        """Remove the folder of the file."""
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def _write(self, arrays: Mapping[str, NDArray]) -> None:
        write_checkpoint(self.path, arrays, {"run": self.digest})
        self._pending, self._last_save = None, time.monotonic()

    def _usable(self) -> Checkpoint | None:
        if not self.path.exists():
            return None
        try:
            saved = read_checkpoint(self.path)
        except PlasticityError as error:
            logger.warning("unfinished work is unusable, starting over: %s", error)
            return None
        if saved.settings.get("run") != self.digest:
            logger.info("unfinished work belongs to other settings, starting over")
            return None
        return saved


def _text(state: Any) -> NDArray:
    return np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)
