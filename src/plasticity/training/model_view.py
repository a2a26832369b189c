"""One model as penalties and hooks see it."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.units import Units


class ModelView:
    """Parameters of a model and, where a component asks for them, its initial parameters and hidden layers.

    Attributes:
        model: The network, on its device.
        reads_layers: Whether forward passes keep the outputs of hidden layers.
        reads_initial: Whether the initial parameters are kept.
        parameters: The trained parameters by name.
        units: The units of each hidden layer.
        kept: What the penalty keeps from step to step.
    """

    def __init__(self, model: Classifier, *, reads_layers: bool = False, reads_initial: bool = False) -> None:
        self.model = model
        self.reads_layers = reads_layers
        self.reads_initial = reads_initial
        self.parameters: Mapping[str, Tensor] = dict(model.named_parameters())
        self.units: Sequence[Units] = model.units()
        self.kept: dict[str, Tensor] = {}
        self._layers: list[Tensor] = []
        self._collecting: list[Tensor] | None = None
        self._watched = False
        self._initial: dict[str, Tensor] = {}
        if reads_initial:
            self._initial = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}

    @property
    def initial_parameters(self) -> Mapping[str, Tensor]:
        """The parameters that the network began its life with.

        Raises:
            PlasticityError: If no component said that it reads them.
        """
        if not self.reads_initial:
            raise PlasticityError(
                "reads_initial: expected true in a component that reads initial parameters, got false"
            )
        return self._initial

    @property
    def layers(self) -> Sequence[Tensor]:
        """Outputs of the hidden layers in the last forward pass.

        Raises:
            PlasticityError: If no component said that it reads them.
        """
        if not self.reads_layers:
            raise PlasticityError("reads_layers: expected true in a component that reads hidden layers, got false")
        return self._layers

    def layers_of(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Return the outputs of the hidden layers for other inputs by other parameters; buffers stay as they are."""
        buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
        with self._collected([]) as layers:
            functional_call(self.model, {**parameters, **buffers}, (inputs,))
        return layers

    def state(self) -> dict[str, Tensor]:
        """Return what the penalty keeps, the tensors themselves."""
        return self.kept

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep these tensors and no others."""
        device = next(iter(self.parameters.values())).device
        self.kept.clear()
        self.kept.update({name: value.to(device, copy=True) for name, value in state.items()})

    def begin_life(self, weights: Mapping[str, NDArray]) -> None:
        """Take the initial parameters from these weights, in place: a recorded step knows their address."""
        for name, value in self._initial.items():
            value.copy_(torch.from_numpy(weights[name]))

    def fresh_parameters(self, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Return the parameters of a freshly initialised model; the CPU draws for all devices."""
        self._spare.initialise(generator)
        return {name: p.detach().to(self.parameters[name].device) for name, p in self._spare.named_parameters()}

    @cached_property
    def _spare(self) -> Classifier:
        spare = copy.deepcopy(self.model).to("cpu")
        return spare.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]

    def watching(self) -> AbstractContextManager[object]:
        """Keep the outputs of hidden layers of the forward pass inside the block, if they are read."""
        if not self.reads_layers:
            return nullcontext()
        self._layers = []
        return self._collected(self._layers)

    @contextmanager
    def _collected(self, layers: list[Tensor]) -> Iterator[list[Tensor]]:
        """Add the outputs of hidden layers of the forward pass inside the block."""
        self._watch()
        self._collecting = layers
        try:
            yield layers
        finally:
            self._collecting = None

    def _watch(self) -> None:
        """Have the model tell of its hidden layers from now on: anew in every step would cost a tenth of it."""
        if self._watched:
            return
        self._watched = True

        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            if self._collecting is not None:
                self._collecting.append(output)

        for module in self.model.hidden_layers():
            module.register_forward_hook(keep)
