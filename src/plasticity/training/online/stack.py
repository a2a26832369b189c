"""Networks of one shape side by side, as arrays: R replicas of a ReLU network with layers of sizes D, ..., C.

Its hidden layers may be normalised before the nonlinearity (layer normalisation, Ba et al. 2016).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError

Network = dict[str, NDArray]
Array = TypeVar("Array")
INITIAL = "initial/parameters"
"""Name in `Stack.kept` of the parameters that networks began their lives with."""
NORM_EPSILON = 1e-5
"""Added to the variance by layer normalisation: PyTorch's default, which the perceptrons of the package have."""
_OF_THE_WHOLE = ("hooks/", "penalty")  # what is kept of a network, and not of each of its weights


@dataclass(frozen=True)
class Stack:
    """Weights and biases of R networks, changed in place by training.

    Attributes:
        weights: Per layer, float32 of shape (R, fan_in, fan_out): one input's weights lie side by side in memory.
        biases: Per layer, float32 of shape (R, fan_out).
        names: Names of the layers in the networks' `state_dict`.
        kept: What training keeps beside them, arrays (R, ...) by name: "optimizer/<slot>" and "initial/parameters" have
            one for each of `parts`, "hooks/..." and "penalty/..." one alone.
        scales: Per hidden layer, the factors of its layer normalisation, float32 of shape (R, units); none without.
        shifts: What is added after that, likewise.
        norms: Names of the normalisations in `state_dict`.
    """

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    names: tuple[str, ...]
    kept: dict[str, list[NDArray]] = field(default_factory=dict)
    scales: tuple[NDArray[np.float32], ...] = ()
    shifts: tuple[NDArray[np.float32], ...] = ()
    norms: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.weights[0])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer from the input D to the classes C."""
        return (self.weights[0].shape[1], *(bias.shape[1] for bias in self.biases))

    @property
    def parts(self) -> tuple[NDArray[np.float32], ...]:
        """All parameters: weights, biases, scales and shifts."""
        return self.weights + self.biases + self.scales + self.shifts

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of `parts`."""
        layers = (self.names, "weight"), (self.names, "bias"), (self.norms, "weight"), (self.norms, "bias")
        return tuple(f"{name}.{part}" for names, part in layers for name in names)

    def split(self, parts: Sequence[Array]) -> tuple[tuple[Array, ...], ...]:
        """Return what there is of each parameter as that of weights, of biases, of scales and of shifts."""
        rest = iter(parts)
        return tuple(tuple(islice(rest, len(kind))) for _, kind in self._kinds())

    def with_parts(self, parts: Sequence[NDArray], kept: dict[str, list[NDArray]]) -> "Stack":
        """Return a stack of the same layers whose parameters are these."""
        weights, biases, scales, shifts = self.split(parts)
        return replace(self, weights=weights, biases=biases, scales=scales, shifts=shifts, kept=kept)

    def network(self, replica: int) -> Network:
        """Return one replica's tensors as in `state_dict`, weights of shape (fan_out, fan_in)."""
        found, layers = self.of_replica(replica, self.parts), sorted(self.names + self.norms, key=_place)
        return {f"{name}.{part}": found[f"{name}.{part}"] for name in layers for part in ("weight", "bias")}

    def of_replica(self, replica: int, arrays: Sequence[NDArray]) -> Network:
        """Return copies of one replica's part of an array per parameter, by name and as in `state_dict`."""
        pairs = zip(self.parameters, arrays, strict=True)
        return {name: np.array(array[replica].T, order="C") for name, array in pairs}

    def set_replica(self, replica: int, arrays: Sequence[NDArray], values: Mapping[str, NDArray]) -> None:
        """Overwrite one replica's part of an array per parameter; zero for parameters that `values` leaves out."""
        for name, array in zip(self.parameters, arrays, strict=True):
            array[replica] = values[name].T if name in values else 0

    def keep(self, name: str, shapes: Sequence[tuple[int, ...]], dtype: np.dtype) -> list[NDArray]:
        """Return what is kept under a name, zeros (R, *shape) where there was nothing."""
        return self.kept.setdefault(name, [np.zeros((len(self), *shape), dtype) for shape in shapes])

    def take(self, replicas: Sequence[int]) -> "Stack":
        """Return a copy of some replicas."""
        chosen = list(replicas)
        kept = {name: [array[chosen] for array in arrays] for name, arrays in self.kept.items()}
        return self.with_parts([part[chosen] for part in self.parts], kept)

    def put(self, replicas: Sequence[int], others: "Stack") -> None:
        """Overwrite some replicas by those of another stack."""
        chosen = list(replicas)
        for mine, theirs in zip(self.parts, others.parts, strict=True):
            mine[chosen] = theirs
        for name, kept in others.kept.items():
            for mine, theirs in zip(self.keep(name, [a.shape[1:] for a in kept], kept[0].dtype), kept, strict=True):
                mine[chosen] = theirs

    def tensors(self) -> Network:
        """Return all arrays by name, as they are, for a file."""
        found = {f"{kind}{i}": part for kind, parts in self._kinds() for i, part in enumerate(parts)}
        return found | {f"{name}/{i}": part for name, kept in self.kept.items() for i, part in enumerate(kept)}

    def restore(self, tensors: Mapping[str, NDArray]) -> None:
        """Overwrite all arrays by those of `tensors`."""
        for kind, parts in self._kinds():
            for i, part in enumerate(parts):
                part[:] = tensors[f"{kind}{i}"]
        self.kept.clear()
        for name in dict.fromkeys(key.rpartition("/")[0] for key in tensors if "/" in key):
            count = sum(key.rpartition("/")[0] == name for key in tensors)
            self.kept[name] = [np.array(tensors[f"{name}/{i}"]) for i in range(count)]

    def _kinds(self) -> tuple[tuple[str, tuple[NDArray, ...]], ...]:
        return ("weight", self.weights), ("bias", self.biases), ("scale", self.scales), ("shift", self.shifts)

    def permute_inputs(self, positions: NDArray[np.int64]) -> None:
        """Reorder each replica's first layer, so that it sees images as they are instead of permuted ones.

        A network that gets pixel p at input position[p] computes the same as one whose input p has the weights of
        input position[p]: reordering D rows once replaces reordering every image. What is kept of these weights goes
        with them.

        Args:
            positions: Where each pixel goes, int64 of shape (R, D).
        """
        per_weight = [arrays for name, arrays in self.kept.items() if not name.startswith(_OF_THE_WHOLE)]
        kept = [arrays[0] for arrays in per_weight if arrays[0].ndim == self.weights[0].ndim]
        for array in (self.weights[0], *kept):
            array[:] = np.take_along_axis(array, positions[:, :, None], axis=1)

    def restore_inputs(self, positions: NDArray[np.int64]) -> None:
        """Undo `permute_inputs`."""
        self.permute_inputs(np.argsort(positions, axis=1))

    def finite(self) -> NDArray[np.bool_]:
        """Say of each replica whether all its weights are finite numbers, shape (R,)."""
        parts = [np.isfinite(part).reshape(len(self), -1).all(axis=1) for part in self.parts]
        return np.logical_and.reduce(parts)


def stack_of(networks: Sequence[Mapping[str, NDArray]]) -> Stack:
    """Put networks of one shape into a stack.

    Args:
        networks: Tensors by name, as in a fully connected network's `state_dict`: "<layer>.weight" (fan_out, fan_in)
            and "<layer>.bias" (fan_out,), and for normalised hidden layers "<norm>.weight" and "<norm>.bias" (units,).
            Names tell the order of the layers: numbers in them count, "head" is last.

    Raises:
        PlasticityError: If there is none, the networks differ in shape, or their layers do not fit on each other.
    """
    if not networks:
        raise PlasticityError("stack: expected at least one network, got none")
    names, norms = _layers(networks[0])
    _check(networks, names, norms)

    def parts(layers: Sequence[str], part: str) -> tuple[NDArray[np.float32], ...]:
        arrays = [np.stack([net[f"{name}.{part}"].T for net in networks]).astype(np.float32) for name in layers]
        return tuple(np.ascontiguousarray(array) for array in arrays)

    weights, biases = parts(names, "weight"), parts(names, "bias")
    return Stack(weights, biases, names, scales=parts(norms, "weight"), shifts=parts(norms, "bias"), norms=norms)


def _layers(network: Mapping[str, NDArray]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the layers in their order, and those of normalisations, whose weights are vectors."""
    names = sorted((name.removesuffix(".weight") for name in network if name.endswith(".weight")), key=_place)
    norms = tuple(name for name in names if network[f"{name}.weight"].ndim == 1)
    return tuple(name for name in names if name not in norms), norms


def _place(name: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return what sorts layers by their places; a file gives them by the alphabet, body.11 before body.3."""
    parts = re.split(r"(\d+)", name)
    return name == "head", [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _check(networks: Sequence[Mapping[str, NDArray]], names: tuple[str, ...], norms: tuple[str, ...]) -> None:
    expected = {f"{name}.{part}" for name in names + norms for part in ("weight", "bias")}
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
    if norms:
        _check_norms(shapes[0], names, norms)


def _check_norms(shapes: Mapping[str, tuple[int, ...]], names: tuple[str, ...], norms: tuple[str, ...]) -> None:
    """Check that normalisations follow all hidden layers.

    Raises:
        PlasticityError: If they do not.
    """
    alternate = [name for pair in zip(names, norms, strict=False) for name in pair] + [names[-1]]
    if alternate != sorted(names + norms, key=_place) or len(norms) != len(names) - 1:
        raise PlasticityError(f"stack: expected a normalisation of every hidden layer or of none, got {norms}")
    for name, norm in zip(names, norms, strict=False):
        for part in ("weight", "bias"):
            if shapes[f"{norm}.{part}"] != shapes[f"{name}.bias"]:
                got = f"{norm} with {shapes[f'{norm}.{part}']}"
                raise PlasticityError(f"stack: expected as many numbers as {name} has units, got {got}")
