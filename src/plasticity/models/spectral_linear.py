"""A linear layer that is divided by its largest singular value."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_EPSILON = 1e-12


class SpectralLinear(nn.Linear):
    """y = W/σ(W)·x + b, with gradients through σ (Miyato et al. 2018, equations 8 to 12; Gogianu et al. 2021).

    One step of power iteration per forward pass in training mode estimates the left singular vector u, a buffer; in
    eval mode u stays. u starts as the same vector in every network: what matters is that it is not orthogonal to W's.
    """

    u: Tensor

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.register_buffer("u", torch.empty(out_features))

    def begin(self) -> None:
        """Start the power iteration anew, with enough steps that the first forward pass has a good estimate."""
        nn.init.constant_(self.u, self.out_features**-0.5)
        with torch.no_grad():
            for _ in range(15):
                self._iterate()

    def forward(self, input: Tensor) -> Tensor:
        """Map (B, in) to (B, out)."""
        if self.training:
            with torch.no_grad():
                self._iterate()
        with torch.no_grad():
            v = functional.normalize(self.weight.T @ self.u, dim=0, eps=_EPSILON)
        sigma = self.u.clone() @ (self.weight @ v)
        return functional.linear(input, self.weight / sigma, self.bias)

    def _iterate(self) -> None:
        v = functional.normalize(self.weight.T @ self.u, dim=0, eps=_EPSILON)
        self.u.copy_(functional.normalize(self.weight @ v, dim=0, eps=_EPSILON))
