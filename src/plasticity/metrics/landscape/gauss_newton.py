"""The spectrum of the generalised Gauss-Newton matrix, exactly, through its dual."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from plasticity.metrics.finite import checked
from plasticity.metrics.landscape.example_gradients import gradient_gram
from plasticity.metrics.landscape.spectrum import Spectrum, exact_spectrum
from plasticity.metrics.network_state import parameter_count

Factors = Callable[[Tensor], Tensor]
"""From outputs (N, K) to vectors (V, N, K) whose outer products sum up to the loss's second derivative, over N."""


def curvature_factors(logits: Tensor) -> Tensor:
    """Return vectors s (C, N, C) with Σ_c s_c s_cᵀ = (diag(p) − p pᵀ) / N: √p_c (e_c − p) / √N.

    Args:
        logits: (N, C); p is their softmax.
    """
    likely = logits.softmax(1)
    unit = torch.eye(logits.shape[1], dtype=logits.dtype, device=logits.device)
    return (likely.T.sqrt()[:, :, None] * (unit[:, None, :] - likely[None])) / len(logits) ** 0.5


def squared_error_factors(outputs: Tensor) -> Tensor:
    """Return the same of half the squared error, vectors s (K, N, K) with Σ_k s_k s_kᵀ = 1 / N: e_k / √N.

    Args:
        outputs: (N, K).
    """
    unit = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
    return (unit[:, None, :] / len(outputs) ** 0.5).expand(-1, len(outputs), -1)


def gauss_newton_spectrum(model: nn.Module, images: Tensor, factors: Factors = curvature_factors) -> Spectrum:
    """Return the eigenvalues of the Gauss-Newton matrix of the mean loss over some images.

    The matrix is U Uᵀ with a column per image and class, so that its eigenvalues above zero are those of UᵀU, which is
    N·C by N·C whatever the number of parameters.

    Args:
        model: A classifier of linear, convolutional and normalising layers; evaluated in eval mode.
        images: (N, C, H, W); the cost grows with the square of N·classes.
        factors: Of the loss's second derivative by the outputs; those of the cross-entropy by default.

    Raises:
        PlasticityError: If a module has parameters whose gradients are not known (`gradient_gram`).
        NotFinite: If gradients are not finite.
    """
    size = parameter_count(model)
    gram = checked(gradient_gram(model, images, factors), "gradients of single images")
    eigenvalues = torch.linalg.eigvalsh(gram).clamp(min=0).cpu()
    return exact_spectrum(eigenvalues[-min(size, len(eigenvalues)) :], size)
