"""NC1 of a batch, in closed form and with its gradient."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.forward import Forward
from plasticity.training.penalties.penalty import Penalty

# Relative cut-off of the Gram matrix's eigenvalues: float32 features carry a relative noise of 1e-7, their squares
# 1e-14; directions below it are rounding, not class structure.
_RELATIVE_CUT = 1e-10
# Means that differ by less than 1e-13 of the features' length are equal but for the rounding of their float64 sums.
_ROUNDING = 1e-26


class NC1(Penalty, name="nc1"):
    """NC1 of the batch, Tr(Σ_W Σ_B†)/C (Bonifazi et al. 2024): weight · min(NC1, cap)."""

    reads_labels: ClassVar[bool] = True
    needs_hidden_layers: ClassVar[bool] = True
    least_batch: ClassVar[int] = 2  # one image has no within-class spread, and its class no neighbour to be far from

    weight: float = setting(
        "Factor of the term; positive rewards collapse (the paper's text), negative rewards within-class spread "
        "(its code).",
        unit="nat",
    )
    cap: float | None = setting(
        "Value above which the term is constant and has no gradient; 200 in the released code.",
        unit="1",
        default=None,
        gt=0,
    )

    def __call__(self, forward: Forward) -> Tensor:
        """Return NC1 of the batch's features, in float64."""
        return nc1_of_batch(forward.features, forward.labels, forward.num_classes)

    def term(self, value: Tensor) -> Tensor:
        """Return weight · min(value, cap); above the cap the gradient is zero, as in the released code."""
        return self.weight * (value if self.cap is None else value.clamp(max=self.cap))


def nc1_of_batch(features: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Return Tr(Σ_W Σ_B†)/C of one batch, differentiable (Bonifazi et al. 2024; Papyan et al. 2020, NC1).

    With the rows A = [μ_c − μ_G] (C×d) and G = AAᵀ, Σ_B = AᵀA/C has the pseudo-inverse C·Aᵀ G†² A, so the trace is
    ‖Z G†‖²_F/B with Z = (h_i − μ_{y_i})Aᵀ: no d×d matrix is formed. A class absent from the batch has no row in
    Σ_B (the released code puts its mean at the origin, which is an artefact) and C counts the classes present.

    Args:
        features: Last-layer features (B, d).
        labels: Classes (B,).
        num_classes: Number of classes of the data set.

    Returns:
        A scalar in float64; zero, without gradient, when fewer than two classes are present or all means coincide;
        NaN when a feature is not finite.
    """
    return _NC1.apply(features, labels, num_classes)


class _NC1(torch.autograd.Function):
    """NC1 with its gradient in closed form: a fraction of the operations that autograd would take."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, labels: Tensor, num_classes: int) -> Tensor:
        h = features.double()
        centred = h - h.mean(0)
        member = (labels[:, None] == torch.arange(num_classes, device=labels.device)).double()
        share = member.sum(0).clamp(min=1).reciprocal()[:, None]  # of an image in its class's mean
        means = (member.T @ centred).mul_(share)
        inverse = _pseudo_inverse(means @ means.T, noise=_ROUNDING * h.square().sum(1).max())
        projected = centred @ means.T
        projected -= member @ (member.T @ projected).mul_(share)
        whitened = projected @ inverse
        if features.requires_grad:
            gradient = _gradient_of_means(whitened, inverse, means, centred)
            rest = torch.addmm(gradient.sum(0) / -len(h), whitened @ inverse, means)
            ctx.save_for_backward(rest.addmm_(member, gradient.mul_(share)))
            ctx.factor, ctx.dtype = 2 / len(h), features.dtype
        return whitened.square().sum() / len(h)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (gradient,) = ctx.saved_tensors
        return (grad_outputs[0] * ctx.factor * gradient).to(ctx.dtype), None, None


def _pseudo_inverse(gram: Tensor, *, noise: Tensor) -> Tensor:
    """Return G† (C, C) of a symmetric matrix, without the directions that are but rounding."""
    gram = torch.nan_to_num(gram, 0.0, 0.0, 0.0)  # a diverged network's would stop the eigenvalue solver
    values, directions = torch.linalg.eigh(gram)
    kept = values > torch.maximum(noise, _RELATIVE_CUT * values[-1])
    return directions / torch.where(kept, values, torch.inf) @ directions.T


def _gradient_of_means(whitened: Tensor, inverse: Tensor, means: Tensor, centred: Tensor) -> Tensor:
    """Return half of the derivative of ‖ZG†‖² with respect to A (C, d), given W = ZG†.

    dG† = −G† dG G† but for directions outside of G's range (Golub & Pereyra 1973), which Z does not have. The columns
    of W sum to zero within every class, so that the images may stand for their residuals.
    """
    moment = whitened.T @ whitened @ inverse
    return inverse @ (whitened.T @ centred) - (moment + moment.T) @ means
