"""Stochastic gradient descent, to the bit that of PyTorch.

The first optimizer that a process makes of `torch.optim` imports PyTorch's compiler: two seconds of CPU at the start of
every job, and one more at its end. One update of all tensors together also spares small networks the loop in Python.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

_torch: Any = torch  # the operations on lists of tensors, which torch.optim uses as well, have no types


class SGD:
    """Momentum as v ← μ·v + g + λ·θ, starting from the first gradient, and θ ← θ − η·v, as in `torch.optim.SGD`.

    Attributes:
        parameters: The parameters that are trained, in place; those without a gradient are left alone.
        learning_rate: η.
        momentum: μ; 0 keeps no velocity.
        weight_decay: λ, of the L2 penalty.
        fused: One kernel updates all tensors; it is faster and rounds otherwise.
        velocity: v of each parameter that has been updated, if there is momentum.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float,
        fused: bool = False,
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.fused = fused
        self.velocity: dict[Parameter, Tensor] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters from their gradients."""
        trained = [parameter for parameter in self.parameters if parameter.grad is not None]
        steps = [parameter.grad for parameter in trained if parameter.grad is not None]
        if self.fused:
            self._step_fused(trained, steps)
            return
        if self.weight_decay:
            steps = _torch._foreach_add(steps, trained, alpha=self.weight_decay)
        if self.momentum:
            steps = self._accelerated(trained, steps)
        _torch._foreach_add_(trained, steps, alpha=-self.learning_rate)

    def _step_fused(self, trained: list[Parameter], gradients: list[Tensor]) -> None:
        """Update by the kernel of PyTorch's own fused optimizer; a velocity of zero is that of a first step.

        The kernel takes the numbers as they lie in memory, so that a velocity's layout has to be its parameter's.
        """
        if self.momentum:
            for parameter in trained:
                self.velocity.setdefault(parameter, torch.zeros_like(parameter))
        _torch._fused_sgd_(
            trained,
            gradients,
            [self.velocity[parameter] for parameter in trained] if self.momentum else [],
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )

    def _accelerated(self, trained: list[Parameter], steps: list[Tensor] | tuple[Tensor, ...]) -> list[Tensor]:
        moving = [(self.velocity[p], step) for p, step in zip(trained, steps, strict=True) if p in self.velocity]
        if moving:
            velocities, gradients = zip(*moving, strict=True)
            _torch._foreach_mul_(velocities, self.momentum)
            _torch._foreach_add_(velocities, gradients)
        for parameter, step in zip(trained, steps, strict=True):
            self.velocity.setdefault(parameter, step.detach().clone())
        return [self.velocity[parameter] for parameter in trained]
