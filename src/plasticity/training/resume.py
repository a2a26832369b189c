"""The last epoch of a training as unfinished work: weights, momentum and what else the run needs to continue."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch.nn import Parameter

from plasticity.jobs.stopping import Stopped
from plasticity.models.classifier import Classifier
from plasticity.models.weights import load_weights, weights_of
from plasticity.storage.unfinished import Unfinished
from plasticity.training.sgd import SGD

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_SAVES = 20.0  # at most this much work is lost, and saving stays far below one per cent of it
_PREFIX = "optimizer/"


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

    def save_sometimes(self, model: Classifier, optimizer: SGD, state: dict[str, Any]) -> None:
        """Save if the last save is long enough ago; keep the state in memory otherwise, for `saving_when_stopped`."""
        self._pending = _tensors(model, optimizer), state
        if time.monotonic() - self._last_save >= _SECONDS_BETWEEN_SAVES:
            self._write()

    def save(self, model: Classifier, optimizer: SGD, state: dict[str, Any]) -> None:
        """Save weights, momentum and `state`, atomically."""
        self._pending = _tensors(model, optimizer), state
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

    def load(self, model: Classifier, optimizer: SGD) -> dict[str, Any] | None:
        """Load the saved state into model and optimizer.

        Returns:
            What `save` was given; None when there is nothing to load, after clearing what is damaged or another's.
        """
        saved = self._work.load()
        if saved is None:
            return None
        load_weights(model, {name: v for name, v in saved.weights.items() if not name.startswith(_PREFIX)})
        for name, parameter in model.named_parameters():
            if (buffer := saved.weights.get(_PREFIX + name)) is not None:
                _put_velocity(optimizer, parameter, torch.from_numpy(buffer))
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


def _put_velocity(optimizer: SGD, parameter: Parameter, value: torch.Tensor) -> None:
    """Set a velocity, in place where there is one: a recorded step knows its address.

    It lies in memory as its parameter does, channels-last for convolutions: the fused update goes through both at once.
    """
    if parameter not in optimizer.velocity:
        optimizer.velocity[parameter] = torch.empty_like(parameter, requires_grad=False)
    optimizer.velocity[parameter].copy_(value)


def _tensors(model: Classifier, optimizer: SGD) -> dict[str, NDArray]:
    """Return copies of weights, buffers and momentum: training goes on while they wait to be saved."""
    tensors = weights_of(model)
    for name, parameter in model.named_parameters():
        if (velocity := optimizer.velocity.get(parameter)) is not None:
            tensors[_PREFIX + name] = velocity.detach().cpu().numpy().copy()
    return tensors
