"""The last epoch of a training as unfinished work: weights, optimizer, hooks and what else it continues from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.jobs.unfinished import Unfinished
from plasticity.models.classifier import Classifier
from plasticity.storage.weights import load_weights


class Stateful(Protocol):
    """What keeps tensors from step to step: an optimizer, hooks."""

    def state(self) -> Mapping[str, Tensor]:
        """Return the tensors by name."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep these tensors and no others."""
        ...


class ResumeFile:
    """The state of one training.

    Attributes:
        work: Where it is kept.

    Args:
        path: The file.
        digest: Digest of everything that determines the training; a file of another digest is ignored.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.work = Unfinished(path, digest)

    def save_sometimes(self, model: Classifier, kept: Mapping[str, Stateful], state: dict[str, Any]) -> None:
        """Save if the last save is long enough ago: see `Unfinished.save_sometimes`."""
        self.work.save_sometimes(_tensors(model, kept), state)

    def save(self, model: Classifier, kept: Mapping[str, Stateful], state: dict[str, Any]) -> None:
        """Save weights, what else is kept, by its name, and `state`, atomically."""
        self.work.save(_tensors(model, kept), state)

    def load(self, model: Classifier, kept: Mapping[str, Stateful]) -> dict[str, Any] | None:
        """Load the saved state into the model and what else is kept.

        Returns:
            What `save` was given; None when there is nothing to load, after clearing what is damaged or another's.
        """
        saved = self.work.load()
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


def _tensors(model: Classifier, kept: Mapping[str, Stateful]) -> dict[str, NDArray]:
    """Return weights, buffers and what else is kept, by part and name; on a CPU they are those of the training."""
    others = {f"{part}/{name}": value for part, each in kept.items() for name, value in each.state().items()}
    return {name: value.detach().cpu().numpy() for name, value in (model.state_dict() | others).items()}
