"""Networks of one shape side by side, as arrays: R replicas of a ReLU network with layers of sizes D, ..., C."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError

Network = dict[str, NDArray]


@dataclass(frozen=True)
class Stack:
    """Weights and biases of R networks, changed in place by training.

    Attributes:
        weights: Per layer, float32 of shape (R, fan_in, fan_out): one input's weights lie side by side in memory.
        biases: Per layer, float32 of shape (R, fan_out).
        names: Names of the layers in the networks' `state_dict`.
    """

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.weights[0])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer from the input D to the classes C."""
        return (self.weights[0].shape[1], *(bias.shape[1] for bias in self.biases))

    def network(self, replica: int) -> Network:
        """Return one replica's tensors as in `state_dict`, weights of shape (fan_out, fan_in)."""
        layers = zip(self.names, self.weights, self.biases, strict=True)
        found: Network = {}
        for name, weight, bias in layers:
            found[f"{name}.weight"] = np.ascontiguousarray(weight[replica].T)
            found[f"{name}.bias"] = bias[replica].copy()
        return found

    def take(self, replicas: Sequence[int]) -> "Stack":
        """Return a copy of some replicas."""
        chosen = list(replicas)
        weights, biases = ((tuple(part[chosen] for part in parts)) for parts in (self.weights, self.biases))
        return Stack(weights, biases, self.names)

    def put(self, replicas: Sequence[int], others: "Stack") -> None:
        """Overwrite some replicas by those of another stack."""
        chosen = list(replicas)
        for mine, theirs in zip(self.weights + self.biases, others.weights + others.biases, strict=True):
            mine[chosen] = theirs

    def tensors(self) -> Network:
        """Return all arrays by name, as they are, for a file."""
        return {f"{kind}{i}": part for kind, parts in self._parts() for i, part in enumerate(parts)}

    def restore(self, tensors: Mapping[str, NDArray]) -> None:
        """Overwrite all arrays by those of `tensors`."""
        for kind, parts in self._parts():
            for i, part in enumerate(parts):
                part[:] = tensors[f"{kind}{i}"]

    def _parts(self) -> tuple[tuple[str, tuple[NDArray, ...]], ...]:
        return ("weight", self.weights), ("bias", self.biases)

    def permute_inputs(self, positions: NDArray[np.int64]) -> None:
        """Reorder each replica's first layer, so that it sees images as they are instead of permuted ones.

        A network that gets pixel p at input position[p] computes the same as one whose input p has the weights of
        input position[p]: reordering D rows once replaces reordering every image.

        Args:
            positions: Where each pixel goes, int64 of shape (R, D).
        """
        self.weights[0][:] = np.take_along_axis(self.weights[0], positions[:, :, None], axis=1)

    def restore_inputs(self, positions: NDArray[np.int64]) -> None:
        """Undo `permute_inputs`."""
        self.permute_inputs(np.argsort(positions, axis=1))

    def finite(self) -> NDArray[np.bool_]:
        """Say of each replica whether all its weights are finite numbers, shape (R,)."""
        parts = [np.isfinite(part).reshape(len(self), -1).all(axis=1) for part in self.weights + self.biases]
        return np.logical_and.reduce(parts)


def stack_of(networks: Sequence[Mapping[str, NDArray]]) -> Stack:
    """Put networks of one shape into a stack.

    Args:
        networks: Tensors by name, as in a fully connected network's `state_dict`: "<layer>.weight" (fan_out, fan_in)
            and "<layer>.bias" (fan_out,). Names tell the order of the layers: numbers in them count, "head" is last.

    Raises:
        PlasticityError: If there is none, the networks differ in shape, or their layers do not fit on each other.
    """
    if not networks:
        raise PlasticityError("stack: expected at least one network, got none")
    names = _layers(networks[0])
    _check(networks, names)
    weights = tuple(np.stack([net[f"{name}.weight"].T for net in networks]).astype(np.float32) for name in names)
    biases = tuple(np.stack([net[f"{name}.bias"] for net in networks]).astype(np.float32) for name in names)
    return Stack(tuple(np.ascontiguousarray(weight) for weight in weights), biases, names)


def _layers(network: Mapping[str, NDArray]) -> tuple[str, ...]:
    """Return the names of the layers in their order; a file gives them by the alphabet, body.11 before body.3."""
    names = [name.removesuffix(".weight") for name in network if name.endswith(".weight")]

    def place(name: str) -> tuple[bool, list[tuple[int, str]]]:
        parts = re.split(r"(\d+)", name)
        return name == "head", [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

    return tuple(sorted(names, key=place))


def _check(networks: Sequence[Mapping[str, NDArray]], names: tuple[str, ...]) -> None:
    expected = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    shapes = [{name: value.shape for name, value in network.items()} for network in networks]
    for found in shapes:
        if set(found) != expected or found != shapes[0]:
            raise PlasticityError(f"stack: expected fully connected networks of one shape, got {shapes[0]} and {found}")
    fan_in = None
    for name in names:
        weight, bias = shapes[0][f"{name}.weight"], shapes[0][f"{name}.bias"]
        if len(weight) != 2 or bias != weight[:1] or fan_in not in (None, weight[1]):
            raise PlasticityError(f"stack: expected layers that fit on each other, got {name} with {weight} and {bias}")
        fan_in = weight[0]
