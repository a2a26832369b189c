"""One network between two epochs, as arrays: its tensors, and what its training goes on with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.training.interventions.intervention import NetworkState
from plasticity.training.online.outputs import network_with_outputs
from plasticity.training.online.replicas import OPTIMIZER, parts_of
from plasticity.training.online.stack import Network


@dataclass
class KeptNetwork:
    """A network that waits for its next epoch.

    Attributes:
        weights: Parameters and buffers by name.
        optimizer: What the optimizer keeps, by "slot/parameter".
        initial: The parameters that it began its life with; empty where nothing reads them.
        hooks: What hooks keep, and their count of steps.
        penalty: What the penalty keeps.
        partial: What it keeps on the first outputs alone, by "number of them/name".
    """

    weights: Network
    optimizer: Network = field(default_factory=dict)
    initial: Network = field(default_factory=dict)
    hooks: Network = field(default_factory=dict)
    penalty: Network = field(default_factory=dict)
    partial: Network = field(default_factory=dict)

    def tensors(self) -> Network:
        """Return all arrays, by "part/name"."""
        return {f"{part.name}/{key}": array for part in fields(self) for key, array in getattr(self, part.name).items()}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, NDArray]) -> "KeptNetwork":
        """Return what `tensors` was made of."""
        parts: dict[str, Network] = {part.name: {} for part in fields(cls)}
        for key, array in tensors.items():
            part, _, name = key.partition("/")
            parts[part][name] = array
        return cls(**parts)

    @classmethod
    def of_checkpoint(cls, checkpoint: Mapping[str, NDArray], initial: Network) -> "KeptNetwork":
        """Return a network that goes on from a checkpoint."""
        weights, optimizer = parts_of(checkpoint)
        return cls(weights, optimizer=_by_slot(optimizer), initial=initial)

    def checkpoint(self) -> Network:
        """Return the tensors of a checkpoint."""
        return self.weights | {f"{OPTIMIZER}{key}": array for key, array in self.optimizer.items()}

    def state(self, fresh: Network, head: Collection[str], buffers: Collection[str]) -> NetworkState:
        """Return the network as interventions see it, beside a fresh one."""
        optimizer: dict[str, Network] = {}
        for key, array in self.optimizer.items():
            slot, _, name = key.partition("/")
            optimizer.setdefault(name, {})[slot] = array
        return NetworkState(self.weights, fresh, head, buffers, optimizer, self.initial)

    def with_outputs(self, head: Collection[str], number: int) -> "KeptNetwork":
        """Return the network with the first outputs of its head alone.

        What the penalty keeps may be as long as the outputs: it begins anew with another number of them.
        """
        parts, start = [self.weights, self.optimizer, self.initial], f"{number}/"
        penalty = {name.removeprefix(start): v for name, v in self.partial.items() if name.startswith(start)}
        firsts = (network_with_outputs(part, head, number) for part in parts)
        return KeptNetwork(*firsts, hooks=self.hooks, penalty=penalty)

    def put_outputs(self, part: "KeptNetwork", number: int) -> None:
        """Take all but further outputs from the network of `with_outputs` after training."""
        self.hooks = part.hooks
        self.partial |= {f"{number}/{name}": array for name, array in part.penalty.items()}
        self.weights, self.initial = (
            {name: _first_from(value, theirs[name]) for name, value in mine.items()}
            for mine, theirs in ((self.weights, part.weights), (self.initial, part.initial))
        )
        shapes = {name: value.shape for name, value in self.weights.items()}
        self.optimizer = {
            key: _first_from(self.optimizer.get(key, _zeros(value, shapes[key.partition("/")[2]])), value)
            for key, value in part.optimizer.items()
        }

    def put_state(self, state: NetworkState) -> None:
        """Take what an intervention returned."""
        self.weights, self.initial = dict(state.weights), dict(state.initial)
        self.optimizer = _by_slot(state.optimizer)
        if state.reborn:
            self.hooks, self.penalty, self.partial = {}, {}, {}


def arrays_of(tensors: Mapping[str, Tensor]) -> Network:
    """Return copies of tensors, on whatever device, as arrays."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


def tensors_of(arrays: Mapping[str, NDArray]) -> dict[str, Tensor]:
    """Return arrays as tensors on the CPU that share their memory."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _first_from(whole: NDArray, part: NDArray) -> NDArray:
    """Return an array with its first entries along the first axis from another one."""
    if whole.shape == part.shape:
        return part
    return np.concatenate([part, whole[len(part) :]])


def _zeros(like: NDArray, shape: tuple[int, ...]) -> NDArray:
    return like if like.ndim == 0 else np.zeros(shape, like.dtype)


def _by_slot(optimizer: Mapping[str, Mapping[str, NDArray]]) -> Network:
    return {f"{slot}/{name}": array for name, slots in optimizer.items() for slot, array in slots.items()}
