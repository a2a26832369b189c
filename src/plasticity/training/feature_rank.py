"""The effective rank of a batch of features, differentiable, in the cost of one small eigenvalue problem."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

RankOf = Literal["features", "second_moment"]
_POWER = {"features": 0.5, "second_moment": 1.0}  # from an eigenvalue of the Gram matrix to what is counted
_CUT = 1e-12  # of the largest eigenvalue: below it float32 features hold rounding, whose direction means nothing


def mean_effective_rank(layers: Sequence[Tensor], of: RankOf = "features", last: int | None = None) -> Tensor:
    """Return the mean effective rank of the outputs (B, ...) of hidden layers, or of the last few; see below."""
    ranks = [effective_rank_of_batch(layer.flatten(1), of) for layer in (layers if last is None else layers[-last:])]
    return torch.stack(ranks).mean()


def effective_rank_of_batch(features: Tensor, of: RankOf = "features") -> Tensor:
    """Return exp(−Σ p ln p), p = s/Σs (Roy & Vetterli 2007), in float64 and with its gradient.

    With the eigenvalues λ of the smaller Gram matrix G, s = √λ are the singular values of the feature matrix (neither
    centred nor squared, Dohare et al. 2024), and s = λ those of the second moment. ∂/∂λ = e^H · −(ln p + H)/Σs · ds/dλ
    is the gradient along each eigenvector: A is never decomposed, and no derivative of an eigenvector is taken.

    Args:
        features: A batch of features (B, d).
        of: Whether s are singular values of the features or of their second moment.

    Returns:
        A scalar; NaN when a feature is not finite, and 1 without gradient when all are zero.
    """
    return _EffectiveRank.apply(features, _POWER[of])


class _EffectiveRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, power: float) -> Tensor:
        a = features.double()
        wide = a.shape[0] <= a.shape[1]
        gram = a @ a.T if wide else a.T @ a
        finite = torch.isfinite(gram).all()
        values, vectors = torch.linalg.eigh(torch.nan_to_num(gram, 0.0, 0.0, 0.0))  # which refuses other numbers
        kept = values > _CUT * values[-1].clamp(min=torch.finfo(values.dtype).tiny)
        values = torch.where(kept, values, 1.0)
        s = torch.where(kept, values**power, 0.0)
        total = s.sum().clamp(min=torch.finfo(s.dtype).tiny)
        logs = torch.where(kept, torch.log(torch.where(kept, s, 1.0) / total), 0.0)
        entropy = -(s * logs).sum() / total
        rank = entropy.exp()
        if features.requires_grad:
            slopes = torch.where(kept, -rank * (logs + entropy) / total * power * values ** (power - 1), 0.0)
            weighted = vectors * (2 * slopes)
            gradient = weighted @ (vectors.T @ a) if wide else (a @ weighted) @ vectors.T
            ctx.save_for_backward(gradient.to(features.dtype))
        return torch.where(finite, rank, torch.nan)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (gradient,) = ctx.saved_tensors
        return grad_outputs[0].to(gradient.dtype) * gradient, None
