"""Small networks in float64 with every kind of layer, and what autograd says of their loss."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev
from torch.nn.attention import SDPBackend, sdpa_kernel

from plasticity.models.spectral_linear import SpectralLinear
from plasticity.models.vision_transformer import VisionTransformer

CLASSES = 3


class Tokens(nn.Module):
    """Two tokens of six pixels each, a linear layer and layer norm on both, then their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm, self.head = nn.Linear(6, 5), nn.LayerNorm(5), nn.Linear(5, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (N, 3) of images (N, 1, 3, 4)."""
        return self.head(torch.tanh(self.norm(self.embed(images.reshape(-1, 2, 6)))).mean(1))


def networks() -> dict[str, nn.Module]:
    """Return networks for images (N, 1, 3, 4) by name, with random weights and running statistics."""
    torch.manual_seed(0)
    found: dict[str, nn.Module] = {
        "perceptron": nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 4, bias=False), nn.Tanh()),
        "convolutions": nn.Sequential(
            nn.Conv2d(1, 3, (2, 3), padding=1, stride=(1, 2)), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Flatten()
        ),
        "groups": nn.Sequential(nn.Conv2d(1, 4, 2), nn.GroupNorm(2, 4), nn.Tanh(), nn.Flatten()),
        "tokens": Tokens(),
        "divided": nn.Sequential(nn.Flatten(), SpectralLinear(12, 5), nn.Tanh(), nn.Linear(5, CLASSES)),
        "transformer": VisionTransformer(patch=2, width=4, heads=2, feed_forward=3).build((1, 3, 4), CLASSES),
    }
    for name, width in (("perceptron", 4), ("convolutions", 24), ("groups", 24)):
        found[name] = nn.Sequential(found[name], nn.Linear(width, CLASSES))
    for network in found.values():
        for tensor in [*network.parameters(), *network.buffers()]:
            if tensor.is_floating_point():
                tensor.data = torch.rand(tensor.shape, dtype=torch.float64) + 0.1
    return found


def images_and_labels(count: int = 5) -> tuple[Tensor, Tensor]:
    """Return images (N, 1, 3, 4) and classes (N,)."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(count, 1, 3, 4, generator=generator, dtype=torch.float64)
    return images, torch.arange(count) % CLASSES


def _function(model: nn.Module, images: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    sizes = [value.numel() for value in parameters.values()]

    def logits(flat: Tensor) -> Tensor:
        parts = zip(parameters.items(), flat.split(sizes), strict=True)
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernels have no second derivative
            given = {name: part.view_as(value) for (name, value), part in parts}
            return functional_call(model.eval(), given, (images,))

    return torch.cat([value.reshape(-1) for value in parameters.values()]), logits


def exact_hessian(model: nn.Module, images: Tensor, labels: Tensor, noise: Tensor | None = None) -> Tensor:
    """Return the Hessian (P, P) of the mean cross-entropy, or of ½‖f − f₀ + noise‖², by nested differentiation."""
    flat, logits = _function(model, images)
    before = logits(flat).detach()

    def loss(values: Tensor) -> Tensor:
        if noise is None:
            return nn.functional.cross_entropy(logits(values), labels)
        return 0.5 * (logits(values) - before + noise).square().sum(1).mean()

    # Row by row: nested jacrev of torch 2.15 is wrong for layer norm, as finite differences show.
    return torch.autograd.functional.hessian(loss, flat)  # pyright: ignore


def jacobian(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits (N, C) and their Jacobian (N, C, P)."""
    flat, logits = _function(model, images)
    return logits(flat), jacrev(logits)(flat)  # pyright: ignore


def exact_gauss_newton(model: nn.Module, images: Tensor) -> Tensor:
    """Return (1/N) Σ Jᵀ (diag(p) − p pᵀ) J, (P, P)."""
    logits, moved = jacobian(model, images)
    likely = logits.softmax(1)
    curved = torch.diag_embed(likely) - likely[:, :, None] * likely[:, None]
    return torch.einsum("ncp,ncd,ndq->pq", moved, curved, moved) / len(images)
