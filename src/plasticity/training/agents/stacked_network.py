"""Networks of one architecture as one stack of weights, and what penalties and hooks read of their forward passes."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from torch import Tensor
from torch.func import functional_call, vmap

from plasticity.models.classifier import Classifier
from plasticity.training.layer_watch import LayerWatch


@dataclass(frozen=True)
class StackedPass:
    """A forward pass of R networks on B images each.

    Attributes:
        outputs: Of the heads, (R, B, K).
        layers: Of each hidden layer, input first, (R, B, ...); the last are the features.
    """

    outputs: Tensor
    layers: tuple[Tensor, ...]

    def of(self, place: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return outputs and layers of one network."""
        return self.outputs[place], tuple(layer[place] for layer in self.layers)

    def detached(self) -> "StackedPass":
        """Return the same numbers without gradients."""
        return StackedPass(self.outputs.detach(), tuple(layer.detach() for layer in self.layers))


class StackedNetwork:
    """R networks of one architecture, with their weights as arguments."""

    def __init__(self, network: Classifier) -> None:
        """Take the architecture of a network without running statistics; its weights are not read."""
        self._network = deepcopy(network).to("meta")
        self._watch = LayerWatch(self._network)

    def __call__(self, weights: Mapping[str, Tensor], images: Tensor) -> StackedPass:
        """Return the forward pass for weights (R, ...) by name and images (R, B, ...)."""
        return StackedPass(*vmap(self._pass)(dict(weights), images))

    def _pass(self, weights: Mapping[str, Tensor], images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        with self._watch.collecting([]) as layers:
            outputs = functional_call(self._network, dict(weights), (images,))
        return outputs, tuple(layers)
