"""Brownian motion in place of descent, as long in every step."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from plasticity.config.settings import setting
from plasticity.errors import PlasticityError
from plasticity.training.forward import NetworkView
from plasticity.training.hooks.step_hook import HookContext, StepHook

_HEAD = "head"


class Brownian(StepHook, name="brownian"):
    """Brownian motion with the step lengths of gradient descent (Lyle et al. 2023, Figure 2).

    A twin that starts with the same weights descends by plain SGD on the same images. In every step the network's own
    update is undone, and Gaussian noise is added instead, whose norm over all parameters is that of the twin's update.
    Other changes of the weights between two steps are undone as well, unless they renew the whole network.
    """

    reads_labels: ClassVar[bool] = True

    learning_rate: float = setting("Step size of the twin.", unit="1", gt=0)

    def check(self, network: NetworkView) -> None:
        """Refuse a network whose output layer has another name.

        Raises:
            PlasticityError: If it has.
        """
        if f"{_HEAD}.weight" not in network.parameters:
            raise PlasticityError(f"hook brownian: expected a network whose output layer is called {_HEAD}")

    def before_training(self, context: HookContext) -> None:
        """Let the twin and the walk start where the network does."""
        for name, parameter in context.parameters.items():
            for part in ("twin", "walk"):
                context.state[f"{part}/{name}"] = parameter.detach().clone()

    def after_step(self, context: HookContext) -> None:
        """Take the twin's step, and walk as far."""
        twin, walk = (_part(context, part) for part in ("twin", "walk"))
        gradients, noise = _gradients(context, twin), _noise(walk, context.generator())
        length = self.learning_rate * _norm(gradients) / _norm(noise)
        for name, parameter in context.parameters.items():
            twin[name].sub_(gradients[name], alpha=self.learning_rate)
            parameter.copy_(walk[name].add_(noise[name] * length))


def _part(context: HookContext, part: str) -> dict[str, Tensor]:
    return {name: context.state[f"{part}/{name}"] for name in context.parameters}


def _noise(like: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """Return standard normal noise, the same in whatever order a network names its parameters."""
    return {name: torch.randn(like[name].shape, generator=generator).to(like[name]) for name in sorted(like)}


def _gradients(context: HookContext, parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the gradients of the cross-entropy of the step's images by other parameters."""
    forward = context.forward
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        features = context.network.layers_of(forward.inputs, leaves)[-1].flatten(1)
        logits = functional.linear(features, leaves[f"{_HEAD}.weight"], leaves.get(f"{_HEAD}.bias"))
        loss = functional.cross_entropy(logits, forward.labels)
        found = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
    return dict(zip(leaves, found, strict=True))


def _norm(tensors: dict[str, Tensor]) -> Tensor:
    """Return the norm of all numbers together."""
    return torch.stack([value.norm() for value in tensors.values()]).norm()
