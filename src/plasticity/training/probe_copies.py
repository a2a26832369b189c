"""The copies of a network that a plasticity probe trains, side by side or one after another."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from plasticity.config.landscape_section import ProbeTraining
from plasticity.models.classifier import Classifier
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.optimisers.optimiser import Optimiser
from plasticity.training.probe_targets import target_losses
from plasticity.training.stacked_layers import is_chain, stack_layers


class Copies(Protocol):
    """T copies of a network, each with a target of its own."""

    def outputs(self, images: Tensor) -> Tensor:
        """Return what each copy says of images (B, C, H, W), (T, B, K)."""
        ...

    def step(self, images: Tensor, targets: Tensor) -> None:
        """Train each copy by a step on a batch; targets are (T, B, K), or classes (T, B)."""
        ...


def copies_of(
    network: Classifier,
    count: int,
    rule: Optimiser,
    training: ProbeTraining,
    *,
    scale: float = 1.0,
    stacked: bool | None = None,
) -> Copies:
    """Return copies of a network; it is used up.

    Args:
        network: The network, in the mode in which it is trained.
        count: Copies, T.
        rule: The optimiser.
        training: Step size and momentum.
        scale: What outputs are divided by.
        stacked: Whether they are one stack of weights; None for what is faster, of what is right.
    """
    if stacked is None:
        stacked = are_stacked(network, rule)
    kind = SeparateCopies if not stacked else ChainedCopies if is_chain(network) else StackedCopies
    return kind(network, count, rule, training, scale)


def are_stacked(network: nn.Module, rule: Optimiser) -> bool:
    """Say whether copies of a network train as one stack: where that is right, and faster than in turn.

    Args:
        network: As a probe trains it, without statistics of batch normalisation.
        rule: The optimiser.
    """
    return _can_be_stacked(network, rule) and not _slow_when_stacked(network)


def _can_be_stacked(network: nn.Module, rule: Optimiser) -> bool:
    """Say whether a stack trains as its members do: no state but trained weights, a rule that goes by element."""
    whole = all(parameter.requires_grad for parameter in network.parameters()) and not list(network.buffers())
    return whole and rule.by_element


def _slow_when_stacked(network: nn.Module) -> bool:
    """Say whether the network has convolutions on a CPU: stacked, they are grouped ones, which have no fast kernel."""
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    return any(module.weight.device.type == "cpu" for module in convolutions)


class StackedCopies:
    """Copies as one stack of weights: a step is one forward and one backward pass of all."""

    def __init__(self, network: Classifier, count: int, rule: Optimiser, training: ProbeTraining, scale: float) -> None:
        parameters = network.named_parameters()
        self._weights = {name: p.detach().expand(count, *p.shape).clone() for name, p in parameters}
        self._network, self._scale = network.to("meta"), scale  # functional calls read the copies alone
        self._optimiser = _bound(rule, self._weights, training)
        self._gradients = vmap(grad(self._loss), in_dims=(0, None, 0), randomness="error")

    def outputs(self, images: Tensor) -> Tensor:
        """Return what each copy says of images (B, C, H, W), (T, B, K)."""
        return vmap(self._outputs, in_dims=(0, None))(self._weights, images)

    def step(self, images: Tensor, targets: Tensor) -> None:
        """Train each copy by a step on a batch; targets are (T, B, K), or classes (T, B)."""
        found = self._gradients(self._weights, images, targets)
        self._optimiser.step([found[name] for name in self._weights])

    def _outputs(self, weights: Mapping[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(self._network, dict(weights), (images,)) / self._scale

    def _loss(self, weights: Mapping[str, Tensor], images: Tensor, target: Tensor) -> Tensor:
        return target_losses(self._outputs(weights, images)[None], target[None])[0]


class ChainedCopies:
    """Copies of a chain of linear layers as one network; the layer that reads the images is one product for all."""

    def __init__(self, network: Classifier, count: int, rule: Optimiser, training: ProbeTraining, scale: float) -> None:
        stack_layers(network, count)
        self._network, self._scale = network, scale
        self._optimiser = _bound(rule, dict(network.named_parameters()), training, fused=True)

    def outputs(self, images: Tensor) -> Tensor:
        """Return what each copy says of images (B, C, H, W), (T, B, K)."""
        return self._network(images).mT / self._scale

    def step(self, images: Tensor, targets: Tensor) -> None:
        """Train each copy by a step on a batch; targets are (T, B, K), or classes (T, B)."""
        losses = target_losses(self.outputs(images), targets)  # no copy shares a weight with another
        found = torch.autograd.grad(losses.sum(), list(self._optimiser.parameters.values()))
        self._optimiser.step([gradient.contiguous() for gradient in found])  # as a fused kernel reads it


class SeparateCopies:
    """Copies as networks of their own, which take each step in turn."""

    def __init__(self, network: Classifier, count: int, rule: Optimiser, training: ProbeTraining, scale: float) -> None:
        self._networks, self._scale = [network, *(deepcopy(network) for _ in range(count - 1))], scale
        self._optimisers = [_bound(rule, _trained(each), training) for each in self._networks]

    def outputs(self, images: Tensor) -> Tensor:
        """Return what each copy says of images (B, C, H, W), (T, B, K)."""
        return torch.stack([network(images) for network in self._networks]) / self._scale

    def step(self, images: Tensor, targets: Tensor) -> None:
        """Train each copy by a step on a batch; targets are (T, B, K), or classes (T, B)."""
        for network, optimiser, target in zip(self._networks, self._optimisers, targets, strict=True):
            loss = target_losses(network(images)[None] / self._scale, target[None])[0]
            optimiser.step(torch.autograd.grad(loss, list(optimiser.parameters.values())))


def _trained(network: nn.Module) -> dict[str, Tensor]:
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def _bound(
    rule: Optimiser, weights: Mapping[str, Tensor], training: ProbeTraining, *, fused: bool = False
) -> BoundOptimiser:
    learning_rate, momentum = training.learning_rate, training.momentum
    return BoundOptimiser(rule, weights, learning_rate=learning_rate, momentum=momentum, fused=fused)
