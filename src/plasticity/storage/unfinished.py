"""Unfinished work: a state kept outside the declared outputs, so that a killed job continues from it."""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError
from plasticity.storage.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

logger = logging.getLogger(__name__)

_STATE = "state"
"""Name of the state's text among the arrays: a file's header, where settings go, holds at most 100 MB."""


@dataclass(frozen=True)
class Unfinished:
    """The last state of a piece of work.

    Attributes:
        path: The file; its folder belongs to the work alone and is removed by `clear`.
        digest: Digest of everything that determines the work; a state of another digest is ignored.
    """

    path: Path
    digest: str

    def save(self, tensors: Mapping[str, NDArray], state: Any) -> None:
        """Save arrays, and a `state` that JSON can hold, atomically."""
        text = np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)
        write_checkpoint(self.path, {**tensors, _STATE: text}, {"run": self.digest})

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
