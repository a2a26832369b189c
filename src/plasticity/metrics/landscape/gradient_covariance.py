"""How alike the gradients of single images are (Lyle et al. 2023, section 3.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from plasticity.metrics.landscape.example_gradients import gradient_gram
from plasticity.metrics.landscape.spectrum import entropy_rank


@dataclass(frozen=True)
class GradientCovariance:
    """Cosines of the gradients of single images.

    Attributes:
        cosines: float64 (k, k), images ordered by class; those without a gradient are left out.
        labels: Classes of the rows, int64 (k,).
        vanished: Images left out, because their gradient is zero or its length overflows.
    """

    cosines: Tensor
    labels: Tensor
    vanished: int

    @property
    def effective_rank(self) -> float:
        """Effective rank of the matrix, from 1 (all gradients point one way) to k; 0 without any gradient."""
        return entropy_rank(torch.linalg.eigvalsh(self.cosines)) if len(self.cosines) else 0.0

    @property
    def negative_pairs(self) -> float:
        """Share of the pairs of images whose gradients point against each other; NaN without a pair."""
        rows, columns = torch.triu_indices(len(self.cosines), len(self.cosines), offset=1)
        return float((self.cosines[rows, columns] < 0).double().mean())


def gradient_covariance(
    model: nn.Module, images: Tensor, labels: Tensor, *, noise: Tensor | None = None
) -> GradientCovariance:
    """Return the cosines of the loss's gradients on single images.

    The loss is the cross-entropy or, with noise ε, Lyle et al.'s (2023) squared error ½‖f(x) − f₀(x) + ε‖², where f₀
    is the network as it is.

    Args:
        model: A classifier of linear, convolutional and normalising layers; evaluated in eval mode.
        images: (N, C, H, W).
        labels: Classes, int64 (N,), which order the images.
        noise: ε, (N, K); None for the cross-entropy.

    Raises:
        PlasticityError: If a module has parameters whose gradients are not known (`gradient_gram`).
    """

    def by_logits(logits: Tensor) -> Tensor:
        if noise is not None:
            return noise[None]
        return (logits.softmax(1) - nn.functional.one_hot(labels, logits.shape[1]))[None]

    order = torch.argsort(labels, stable=True)
    gram = gradient_gram(model, images, by_logits)[order][:, order].cpu()
    lengths = gram.diagonal().sqrt()
    there = torch.isfinite(lengths) & (lengths > 0)
    scale = lengths[there]
    cosines = (gram[there][:, there] / scale / scale[:, None]).clamp(-1, 1)
    return GradientCovariance(cosines, labels[order].cpu()[there], int((~there).sum()))
