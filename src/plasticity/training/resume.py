"""The last epoch of a training as unfinished work: weights, momentum and what else the run needs to continue."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from plasticity.models.classifier import Classifier
from plasticity.training.weights import load_weights, weights_of
from plasticity.unfinished import Unfinished

_SECONDS_BETWEEN_SAVES = 20.0  # at most this much work is lost, and saving stays far below one per cent of it
_BUFFER = "momentum_buffer"
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

    def save_sometimes(self, model: Classifier, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
        """Save if the last save is long enough ago."""
        if time.monotonic() - self._last_save >= _SECONDS_BETWEEN_SAVES:
            self.save(model, optimizer, state)

    def save(self, model: Classifier, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
        """Save weights, momentum and `state`, atomically."""
        tensors = weights_of(model)
        for name, buffer in _momentum(model, optimizer).items():
            tensors[_PREFIX + name] = buffer.cpu().numpy()
        self._work.save(tensors, state)
        self._last_save = time.monotonic()

    def load(self, model: Classifier, optimizer: torch.optim.Optimizer) -> dict[str, Any] | None:
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
                optimizer.state[parameter][_BUFFER] = torch.from_numpy(buffer).to(parameter.device)
        return saved.settings["state"]

    def clear(self) -> None:
        """Remove the folder of the file once the work is finished."""
        self._work.clear()

    @property
    def _work(self) -> Unfinished:
        return Unfinished(self.path, self.digest)


def _momentum(model: Classifier, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    buffers = {name: optimizer.state[p].get(_BUFFER) for name, p in model.named_parameters() if p in optimizer.state}
    return {name: buffer for name, buffer in buffers.items() if buffer is not None}
