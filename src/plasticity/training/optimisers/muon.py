"""Muon: momentum whose singular values are made equal."""

from dataclasses import replace
from typing import ClassVar, Literal

from torch import Tensor
from torch.linalg import matrix_norm

from plasticity.config.settings import setting
from plasticity.training.optimisers.adam import MEAN
from plasticity.training.optimisers.adamw import AdamW
from plasticity.training.optimisers.optimiser import Update
from plasticity.training.weight_matrices import HEAD

_QUINTIC = (3.4445, -4.7750, 2.0315)
_EPSILON = 1e-7
_MEAN = "mean_gradient"


class Muon(AdamW, name="muon"):
    """Muon (Jordan et al. 2024): hidden weight matrices step along their orthogonalised momentum, the rest by AdamW.

    The mean gradient M is made nearly orthogonal by Newton-Schulz iterations X ← a·X + (b·A + c·A²)·X, A = X·Xᵀ, in
    float32 (`torch.optim.Muon` has bfloat16). The rest are the head, biases, normalisations and embeddings; betas, eps
    and eps_root apply to them. Weight decay is decoupled for all.
    """

    decay: float = setting("Decay rate of a matrix's mean gradient.", unit="1", default=0.95, ge=0, lt=1)
    nesterov: bool = setting("Orthogonalise g + decay·(M − g) in place of M.", unit="1", default=True)
    iterations: int = setting("Newton-Schulz iterations.", unit="iterations", default=5, ge=1)
    scale: Literal["original", "match_rms_adamw"] = setting(
        "Length of a matrix's step: √max(1, out/in), or 0.2·√max(out, in), as long as AdamW's (Liu et al. 2025).",
        unit="name",
        default="original",
    )
    rest_rate: float = setting(
        "Step size of the other parameters, in units of the learning rate.", unit="1", default=1.0, gt=0
    )

    decoupled: ClassVar[bool] = True
    by_element: ClassVar[bool] = False
    needs_hidden_layers: ClassVar[bool] = True

    @property
    def fusable(self) -> bool:
        """No."""
        return False

    def slots(self, momentum: float) -> tuple[str, ...]:
        """Return AdamW's; the mean has another name, as no other optimizer can go on with that of a matrix."""
        return tuple(_MEAN if slot == MEAN else slot for slot in super().slots(momentum))

    def update(self, step: Update) -> None:
        """Step along orthogonal matrices, and by AdamW."""
        dimensions = 3 if step.stacked else 2
        pairs = list(enumerate(zip(step.names, step.parameters, strict=True)))
        matrices = [place for place, (name, parameter) in pairs if _is_hidden(name) and parameter.dim() >= dimensions]
        rest = [place for place, _ in pairs if place not in matrices]
        means = step.slots[_MEAN]
        step = replace(step, slots={**step.slots, MEAN: means})
        super().update(step.part(rest, step.learning_rate * self.rest_rate))
        for place in matrices:
            self._step(step, step.parameters[place], step.gradients[place], means[place])

    def _step(self, step: Update, parameter: Tensor, gradient: Tensor, mean: Tensor) -> None:
        mean.lerp_(gradient, 1 - self.decay)
        along = gradient.lerp(mean, self.decay) if self.nesterov else mean
        matrix = along.mT if step.stacked else along.flatten(1)
        rows, columns = matrix.shape[-2:]
        long = max(1.0, rows / columns) ** 0.5 if self.scale == "original" else 0.2 * max(rows, columns) ** 0.5
        isometry = orthogonalised(matrix, self.iterations)
        isometry = isometry.mT if step.stacked else isometry.view(parameter.shape)
        parameter.mul_(1 - step.learning_rate * step.weight_decay).add_(isometry, alpha=-step.learning_rate * long)


def _is_hidden(name: str) -> bool:
    return name.endswith("weight") and not name.startswith(HEAD)


def orthogonalised(matrices: Tensor, iterations: int) -> Tensor:
    """Return matrices (..., m, n) with singular values near one, from 0.7 to 1.2, and the same singular vectors."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / matrix_norm(x, keepdim=True).clamp(min=_EPSILON)
    a, b, c = _QUINTIC
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT.contiguous() if tall else x
