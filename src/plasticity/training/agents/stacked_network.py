"""Networks of one architecture as one stack of weights, and what penalties and hooks read of their forward passes."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from torch import Tensor, nn
from torch.func import functional_call, vmap

from plasticity.models.classifier import Classifier
from plasticity.training.layer_watch import LayerWatch


@dataclass(frozen=True)
class SinglePass:
    """A forward pass of one network on B images.

    Attributes:
        outputs: Of the head, (B, K).
        features: What the head reads, (B, d).
        layers: Of each hidden layer, input first, (B, ...).
    """

    outputs: Tensor
    features: Tensor
    layers: tuple[Tensor, ...]


@dataclass(frozen=True)
class StackedPass:
    """Forward passes of R networks: tensors as those of a single one, with a dimension for the networks in front."""

    outputs: Tensor
    features: Tensor
    layers: tuple[Tensor, ...]

    def single(self) -> list[SinglePass]:
        """Return the pass of each network, cut once: the gradient of each cut would be as large as the stack."""
        layers = list(zip(*(layer.unbind() for layer in self.layers), strict=True)) or [()] * len(self.outputs)
        parts = zip(self.outputs.unbind(), self.features.unbind(), layers, strict=True)
        return [SinglePass(outputs, features, own) for outputs, features, own in parts]

    def detached(self) -> "StackedPass":
        """Return the same numbers without gradients."""
        layers = tuple(layer.detach() for layer in self.layers)
        return StackedPass(self.outputs.detach(), self.features.detach(), layers)


class StackedNetwork:
    """R networks of one architecture, with their weights as arguments."""

    def __init__(self, network: Classifier) -> None:
        """Take the architecture of a network without running statistics; its weights are not read."""
        self._network = deepcopy(network).to("meta")
        self._watch = LayerWatch(self._network)
        self._features: list[Tensor] = []
        self._network.head.register_forward_pre_hook(self._keep)

    def __call__(self, weights: Mapping[str, Tensor], images: Tensor) -> StackedPass:
        """Return the forward pass for weights (R, ...) by name and images (R, B, ...)."""
        return StackedPass(*vmap(self._pass)(dict(weights), images))

    def _keep(self, _head: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._features[:] = inputs

    def _pass(self, weights: Mapping[str, Tensor], images: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        with self._watch.collecting([]) as layers:
            outputs = functional_call(self._network, dict(weights), (images,))
        return outputs, self._features.pop(), tuple(layers)
