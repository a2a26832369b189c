"""The last epoch of a training as unfinished work: weights, optimizer, hooks and what else it continues from."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.jobs.stopping import Stopped
from plasticity.models.classifier import Classifier
from plasticity.storage.unfinished import Unfinished
from plasticity.storage.weights import load_weights, weights_of

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_SAVES = 20.0  # at most this much work is lost, and saving stays far below one per cent of it


class Stateful(Protocol):
    """What keeps tensors from step to step: an optimizer, hooks."""

    def state(self) -> Mapping[str, Tensor]:
        """Return the tensors by name."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep these tensors and no others."""
        ...


@dataclass
class ResumeFile:
    """The state of one training.

    Attributes:
        path: The file; its folder is removed by `clear`.
        digest: Digest of everything that determines the training; a file of another digest is ignored.
    """

    path: Path
    digest: str
    _last_save: float = field(default_factory=time.monotonic)
    _pending: tuple[dict[str, NDArray], dict[str, Any]] | None = None

    def save_sometimes(self, model: Classifier, kept: Mapping[str, Stateful], state: dict[str, Any]) -> None:
        """Save if the last save is long enough ago; keep the state in memory otherwise, for `saving_when_stopped`."""
        self._pending = _tensors(model, kept), state
        if time.monotonic() - self._last_save >= _SECONDS_BETWEEN_SAVES:
            self._write()

    def save(self, model: Classifier, kept: Mapping[str, Stateful], state: dict[str, Any]) -> None:
        """Save weights, what else is kept, by its name, and `state`, atomically."""
        self._pending = _tensors(model, kept), state
        self._write()

    @contextmanager
    def saving_when_stopped(self) -> Iterator[None]:
        """Save the last finished epoch when a signal ends the block.

        The network itself cannot be saved then: it is somewhere in the middle of an epoch.

        Raises:
            Stopped: After saving.
        """
        try:
            yield
        except Stopped:
            if self._pending is not None:
                self._write()
                logger.info("saved the last finished epoch")
            raise

    def load(self, model: Classifier, kept: Mapping[str, Stateful]) -> dict[str, Any] | None:
        """Load the saved state into the model and what else is kept.

        Returns:
            What `save` was given; None when there is nothing to load, after clearing what is damaged or another's.
        """
        saved = self._work.load()
        if saved is None:
            return None
        parts: dict[str, dict[str, NDArray]] = {name: {} for name in ("", *kept)}
        for key, value in saved.weights.items():
            part, slash, name = key.partition("/")
            parts[part if slash else ""][name if slash else key] = value
        load_weights(model, parts[""])
        for name, each in kept.items():
            each.load({key: torch.from_numpy(value) for key, value in parts[name].items()})
        return saved.settings["state"]

    def clear(self) -> None:
        """Remove the folder of the file once the work is finished."""
        self._work.clear()

    def _write(self) -> None:
        if self._pending is not None:
            self._work.save(*self._pending)
        self._pending, self._last_save = None, time.monotonic()

    @property
    def _work(self) -> Unfinished:
        return Unfinished(self.path, self.digest)


def _tensors(model: Classifier, kept: Mapping[str, Stateful]) -> dict[str, NDArray]:
    """Return copies of weights, buffers and what else is kept: training goes on while they wait to be saved."""
    others = {f"{part}/{name}": value for part, each in kept.items() for name, value in each.state().items()}
    return weights_of(model) | {name: value.detach().cpu().numpy().copy() for name, value in others.items()}
