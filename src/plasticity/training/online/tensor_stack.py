"""A stack of networks as tensors: its forward pass, and each replica as penalties and hooks see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from plasticity.errors import PlasticityError
from plasticity.models.units import Units
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.components import NO_INITIAL
from plasticity.training.online.origin import Fresh
from plasticity.training.online.stack import INITIAL, NORM_EPSILON, Stack
from plasticity.training.optimisers.optimiser import STEPS


class TensorStack:
    """Parameters of R networks on a device.

    Attributes:
        names: Names of the parameters, in the order of `Stack.parts`.
        tensors: The parameters: weights (R, fan_in, fan_out), all others (R, fan_out).
        layers: Outputs (R, B, units) of the hidden layers in the last forward pass.
        initial: What the networks began their lives with; None where it is not kept.
        fresh: Draws a fresh network, for hooks.
        units: The units of each hidden layer, for hooks.
    """

    def __init__(self, stack: Stack, device: str, fresh: Fresh | None = None, units: Sequence[Units] = ()) -> None:
        self.names = stack.parameters
        self.tensors = [_tensor(part, device).requires_grad_() for part in stack.parts]
        self.layers: list[Tensor] = []
        initial = stack.kept.get(INITIAL)
        self.initial = None if initial is None else [_tensor(part, device) for part in initial]
        self.fresh = fresh
        self.units = units
        self._device = device
        self._stack = stack
        self._parts: dict[str, list[tuple[Tensor, ...]]] = {}

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (R, B, d) and logits (R, B, C) of inputs (R, B, D)."""
        weights, biases, scales, shifts = self._stack.split(self.tensors)
        features = inputs
        self.layers, self._parts = [], {}
        for place, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            features = torch.baddbmm(bias[:, None], features, weight)
            if scales:
                features = torch.addcmul(shifts[place][:, None], normalised(features), scales[place][:, None])
            features = features.relu()
            self.layers.append(features)
        return features, torch.baddbmm(biases[-1][:, None], features, weights[-1])

    def layers_by(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> list[Tensor]:
        """Return the outputs (B, units) of the hidden layers of a network of the stack's shape for inputs (B, D)."""
        found, outputs = [], inputs
        for layer, norm in zip_longest(self._stack.names[:-1], self._stack.norms):
            outputs = functional.linear(outputs, parameters[f"{layer}.weight"], parameters[f"{layer}.bias"])
            if norm:
                outputs = parameters[f"{norm}.bias"] + normalised(outputs) * parameters[f"{norm}.weight"]
            outputs = outputs.relu()
            found.append(outputs)
        return found

    def parameters_of(self, replica: int) -> dict[str, Tensor]:
        """Return views of one replica's parameters, by name."""
        return self.of_replica(self._parts_of("tensors", self.tensors, replica))

    def layers_of(self, replica: int) -> list[Tensor]:
        """Return the outputs (B, units) of one replica's hidden layers."""
        return self._parts_of("layers", self.layers, replica)

    def of_replica(self, parts: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return a replica's parts of a tensor per parameter, by name and shaped as in `state_dict`."""
        return {n: part.mT if part.dim() > 1 else part for n, part in zip(self.names, parts, strict=True)}

    def _parts_of(self, name: str, tensors: Sequence[Tensor], replica: int) -> list[Tensor]:
        """Return one replica's part of each tensor.

        For gradients all replicas' parts are cut once in a step: the gradient of a single cut is as large as the stack.
        """
        if not torch.is_grad_enabled():
            return [tensor[replica] for tensor in tensors]
        if name not in self._parts:
            self._parts[name] = [tensor.unbind() for tensor in tensors]
        return [parts[replica] for parts in self._parts[name]]

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parameters of a fresh network.

        Raises:
            PlasticityError: If nobody said how to draw one.
        """
        if self.fresh is None:
            raise PlasticityError("hooks: expected a way to draw fresh networks, got none")
        return {name: torch.from_numpy(value).to(self._device) for name, value in self.fresh(generator).items()}


@dataclass(frozen=True)
class ReplicaView:
    """One replica of a stack as penalties and hooks see it.

    Attributes:
        stack: The stack.
        replica: Its place.
        kept: What the penalty keeps of it from step to step.
    """

    stack: TensorStack
    replica: int
    kept: dict[str, Tensor] = field(default_factory=dict)

    @property
    def units(self) -> Sequence[Units]:
        """The units of each hidden layer."""
        return self.stack.units

    def layers_of(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Return the outputs (B, units) of the hidden layers for other inputs (B, D) by other parameters."""
        return self.stack.layers_by(inputs, parameters)

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """Its parameters by name, as views: what is changed in place changes the stack."""
        return self.stack.parameters_of(self.replica)

    @property
    def initial_parameters(self) -> Mapping[str, Tensor]:
        """The parameters that it began its life with.

        Raises:
            PlasticityError: If no component said that it reads them.
        """
        if self.stack.initial is None:
            raise PlasticityError(NO_INITIAL)
        return self.stack.of_replica([tensor[self.replica] for tensor in self.stack.initial])

    @property
    def layers(self) -> Sequence[Tensor]:
        """Outputs (B, units) of its hidden layers in the last forward pass."""
        return self.stack.layers_of(self.replica)

    def fresh_parameters(self, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Return the parameters of a freshly initialised network."""
        return self.stack.draw(generator)


@dataclass(frozen=True)
class ReplicaSlots:
    """What an optimizer keeps of one replica, as hooks see it, but for the count of steps, which replicas share."""

    stack: TensorStack
    optimizer: BoundOptimiser
    replica: int

    def slots_of(self, name: str) -> Mapping[str, Tensor]:
        """Return what is kept of a parameter, by slot, as views."""
        slots = {slot: value[self.replica] for slot, value in self.optimizer.slots_of(name).items() if slot != STEPS}
        return {slot: part.mT if part.dim() > 1 else part for slot, part in slots.items()}


def normalised(outputs: Tensor) -> Tensor:
    """Return the outputs of a layer (..., units) with mean 0 and variance 1 over its units."""
    return functional.layer_norm(outputs, outputs.shape[-1:], eps=NORM_EPSILON)


def _tensor(array: NDArray, device: str) -> Tensor:
    return torch.from_numpy(array.copy()).to(device)
