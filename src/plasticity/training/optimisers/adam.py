"""Adam, to the bit that of PyTorch, and with the stabiliser inside the root that PyTorch lacks."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.optimisers.optimiser import STEPS, Optimiser, Update, kernels

Beta = Annotated[float, Field(ge=0, lt=1)]
MEAN, _SQUARE = "exp_avg", "exp_avg_sq"


class Adam(Optimiser, name="adam"):
    """Adam (Kingma & Ba 2015): θ ← θ − η·m̂ / (√(v̂ + eps_root) + eps); weight decay is L2, as in `torch.optim.Adam`.

    Lyle et al. (2023) stabilise it by a β₂ of 0.9 and an eps_root of 0.001, Dohare et al. (2024) by equal betas.
    """

    betas: tuple[Beta, Beta] = setting(
        "Decay rates of the running means of the gradient and its square.", unit="1", default=(0.9, 0.999)
    )
    eps: float = setting("Added to the root of the mean square.", unit="1", default=1e-8, ge=0)
    eps_root: float = setting("Added to the mean square inside the root.", unit="1", default=0.0, ge=0)

    decoupled: ClassVar[bool] = False
    by_element: ClassVar[bool] = True

    @property
    def fusable(self) -> bool:
        """Yes, as long as nothing is added inside the root."""
        return not self.eps_root

    def slots(self, momentum: float) -> tuple[str, ...]:
        """Return the means and the count of steps that their bias is corrected by."""
        del momentum
        return (MEAN, _SQUARE, STEPS)

    def update(self, step: Update) -> None:
        """Step along the mean gradient in units of its root mean square."""
        counts, means, squares = step.slots[STEPS], step.slots[MEAN], step.slots[_SQUARE]
        kernels._foreach_add_(counts, 1)
        if step.fused:
            self._fused(step)
            return
        gradients: Sequence[Tensor] = step.gradients if self.decoupled else step.decayed()
        if self.decoupled and step.weight_decay:
            kernels._foreach_mul_(step.parameters, 1 - step.learning_rate * step.weight_decay)
        first, second = self.betas
        kernels._foreach_lerp_(means, gradients, 1 - first)
        kernels._foreach_mul_(squares, second)
        kernels._foreach_addcmul_(squares, gradients, gradients, 1 - second)
        taken = [count.item() for count in counts]
        sizes = [-step.learning_rate / (1 - first**count) for count in taken]
        roots = self._roots(squares, [1 - second**count for count in taken])
        kernels._foreach_addcdiv_(step.parameters, means, roots, sizes)

    def _roots(self, squares: Sequence[Tensor], corrections: list[float]) -> Sequence[Tensor]:
        """Return √(v̂ + eps_root) + eps; without eps_root in the order of PyTorch's operations."""
        if self.eps_root:
            roots = kernels._foreach_div(squares, corrections)
            kernels._foreach_add_(roots, self.eps_root)
            kernels._foreach_sqrt_(roots)
        else:
            roots = kernels._foreach_sqrt(squares)
            kernels._foreach_div_(roots, [correction**0.5 for correction in corrections])
        kernels._foreach_add_(roots, self.eps)
        return roots

    def _fused(self, step: Update) -> None:
        update = kernels._fused_adamw_ if self.decoupled else kernels._fused_adam_
        update(
            step.parameters,
            step.gradients,
            step.slots[MEAN],
            step.slots[_SQUARE],
            [],
            step.slots[STEPS],
            lr=step.learning_rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=step.weight_decay,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
        )
