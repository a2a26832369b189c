"""Stochastic gradient descent, to the bit that of PyTorch."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from plasticity.config.settings import setting
from plasticity.errors import PlasticityError
from plasticity.training.optimisers.optimiser import Optimiser, Update, kernels

_VELOCITY = "velocity"


class SGD(Optimiser, name="sgd"):
    """Stochastic gradient descent: v ← μ·v + g + λ·θ from the first gradient on, θ ← θ − η·v (`torch.optim.SGD`)."""

    has_momentum: ClassVar[bool] = True
    plain_without_momentum: ClassVar[bool] = True
    recordable: ClassVar[bool] = True
    in_compiled_loop: ClassVar[bool] = True
    by_element: ClassVar[bool] = True

    nesterov: bool = setting("Nesterov's momentum: step along g + λ·θ + μ·v.", unit="1", default=False)

    @property
    def fusable(self) -> bool:
        """Yes."""
        return True

    def check(self, momentum: float) -> None:
        """Refuse Nesterov's momentum without a momentum.

        Raises:
            PlasticityError: If there is none.
        """
        if self.nesterov and not momentum:
            raise PlasticityError("momentum: expected more than 0 with optimizer.nesterov, got 0")

    def slots(self, momentum: float) -> tuple[str, ...]:
        """Return the velocity, which plain descent does not have."""
        return (_VELOCITY,) if momentum else ()

    def update(self, step: Update) -> None:
        """Descend."""
        if step.fused:
            _fused(step, nesterov=self.nesterov)
            return
        steps = step.decayed()
        if step.momentum:
            velocities = _accelerated(step, steps)
            steps = kernels._foreach_add(steps, velocities, alpha=step.momentum) if self.nesterov else velocities
        kernels._foreach_add_(step.parameters, steps, alpha=-step.learning_rate)


def _accelerated(step: Update, steps: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the velocities after this step; a parameter's first is its gradient."""
    velocities = step.slots[_VELOCITY]
    if any(step.first):
        for velocity, change, first in zip(velocities, steps, step.first, strict=True):
            velocity.mul_(step.momentum).add_(change) if not first else velocity.copy_(change)
        return velocities
    kernels._foreach_mul_(velocities, step.momentum)
    kernels._foreach_add_(velocities, steps)
    return velocities


def _fused(step: Update, *, nesterov: bool) -> None:
    """Update by the kernel of PyTorch's own fused optimizer; a velocity of zero is that of a first step.

    The kernel takes the numbers as they lie in memory, so that a velocity's layout has to be its parameter's.
    """
    kernels._fused_sgd_(
        step.parameters,
        step.gradients,
        step.slots[_VELOCITY] if step.momentum else [],
        lr=step.learning_rate,
        momentum=step.momentum,
        weight_decay=step.weight_decay,
        dampening=0.0,
        nesterov=nesterov,
        maximize=False,
        is_first_step=False,
    )
