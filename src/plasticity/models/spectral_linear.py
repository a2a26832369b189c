"""A linear layer that is divided by its largest singular value, and that value by power iteration."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_EPSILON = 1e-12
_FIRST_STEPS = 15  # after which the first estimate is good to a few per cent


@torch.no_grad()
def first_left_vector(weight: Tensor) -> Tensor:
    """Return an estimate (out,) of the first left singular vector of a matrix (out, in), equal for equal matrices."""
    return left_vector(weight, torch.full_like(weight[:, 0], len(weight) ** -0.5), _FIRST_STEPS)


@torch.no_grad()
def left_vector(weight: Tensor, u: Tensor, steps: int = 1) -> Tensor:
    """Return a better estimate (out,) of the first left singular vector by steps of power iteration."""
    for _ in range(steps):
        u = functional.normalize(weight @ _right_vector(weight, u), dim=0, eps=_EPSILON)
    return u


def largest_singular_value(weight: Tensor, u: Tensor) -> Tensor:
    """Return σ = uᵀWv, whose gradient is that of the exact value where u is exact (Miyato et al. 2018, equation 8)."""
    with torch.no_grad():
        v = _right_vector(weight, u)
    return u @ (weight @ v)


def _right_vector(weight: Tensor, u: Tensor) -> Tensor:
    return functional.normalize(weight.T @ u, dim=0, eps=_EPSILON)


class SpectralLinear(nn.Linear):
    """y = W/σ(W)·x + b, with gradients through σ (Miyato et al. 2018, equations 8 to 12; Gogianu et al. 2021).

    One step of power iteration per forward pass in training mode follows the left singular vector u, a buffer; in eval
    mode u stays.
    """

    u: Tensor

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.register_buffer("u", torch.empty(out_features))

    def begin(self) -> None:
        """Estimate u of new weights."""
        self.u.copy_(first_left_vector(self.weight))

    def forward(self, input: Tensor) -> Tensor:
        """Map (B, in) to (B, out)."""
        if self.training:
            self.u.copy_(left_vector(self.weight, self.u))
        sigma = largest_singular_value(self.weight, self.u.clone())
        return functional.linear(input, self.weight / sigma, self.bias)
