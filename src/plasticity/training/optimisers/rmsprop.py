"""RMSProp, to the bit that of PyTorch."""

from typing import ClassVar

from plasticity.config.settings import setting
from plasticity.training.optimisers.optimiser import Optimiser, Update, kernels

_SQUARE, _MEAN, _VELOCITY = "square_avg", "grad_avg", "momentum"


class RMSProp(Optimiser, name="rmsprop"):
    """RMSProp (Tieleman & Hinton 2012), as in `torch.optim.RMSprop`; weight decay is L2."""

    has_momentum: ClassVar[bool] = True
    recordable: ClassVar[bool] = True
    by_element: ClassVar[bool] = True

    alpha: float = setting("Decay rate of the mean squared gradient.", unit="1", default=0.99, ge=0, lt=1)
    eps: float = setting("Added to the root of the mean square.", unit="1", default=1e-8, ge=0)
    centered: bool = setting("Divide by the standard deviation of the gradient.", unit="1", default=False)

    def slots(self, momentum: float) -> tuple[str, ...]:
        """Return the mean square and, where they are asked for, the mean and the velocity."""
        asked = {_SQUARE: True, _MEAN: self.centered, _VELOCITY: bool(momentum)}
        return tuple(slot for slot, wanted in asked.items() if wanted)

    def update(self, step: Update) -> None:
        """Step along the gradient in units of its root mean square."""
        gradients, squares = step.decayed(), step.slots[_SQUARE]
        kernels._foreach_mul_(squares, self.alpha)
        kernels._foreach_addcmul_(squares, gradients, gradients, value=1 - self.alpha)
        if self.centered:
            means = step.slots[_MEAN]
            kernels._foreach_lerp_(means, gradients, 1 - self.alpha)
            roots = kernels._foreach_addcmul(squares, means, means, value=-1)
            kernels._foreach_sqrt_(roots)
        else:
            roots = kernels._foreach_sqrt(squares)
        kernels._foreach_add_(roots, self.eps)
        if not step.momentum:
            kernels._foreach_addcdiv_(step.parameters, gradients, roots, value=-step.learning_rate)
            return
        velocities = step.slots[_VELOCITY]
        kernels._foreach_mul_(velocities, step.momentum)
        kernels._foreach_addcdiv_(velocities, gradients, roots)
        kernels._foreach_add_(step.parameters, velocities, alpha=-step.learning_rate)
