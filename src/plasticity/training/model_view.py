"""One model as penalties and hooks see it."""

import copy
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.units import Units
from plasticity.training.components import NO_INITIAL, NO_LAYERS
from plasticity.training.layer_watch import LayerWatch


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
        self._watch = LayerWatch(model)
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
            raise PlasticityError(NO_INITIAL)
        return self._initial

    @property
    def layers(self) -> Sequence[Tensor]:
        """Outputs of the hidden layers in the last forward pass.

        Raises:
            PlasticityError: If no component said that it reads them.
        """
        if not self.reads_layers:
            raise PlasticityError(NO_LAYERS)
        return self._layers

    def layers_of(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Return the outputs of the hidden layers for other inputs by other parameters; buffers stay as they are."""
        buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
        with self._watch.collecting([]) as layers:
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
        return self._watch.collecting(self._layers)
