"""What a plasticity probe asks a network to fit: smooth noise, or random labels."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from plasticity.models.classifier import Classifier

FREQUENCY = 1e5
"""How fast the noise oscillates in the outputs of a fresh network (Lyle et al. 2023, section 3.1)."""


@torch.no_grad()
def noise_targets(fresh: Sequence[Classifier], images: Tensor, *, frequency: float = FREQUENCY) -> Tensor:
    """Return sin(frequency · f(x)) of fresh networks f, a target each, (T, N, K); its mean is near 0, its variance ½.

    Args:
        fresh: T networks of the architecture that is probed, with weights of their own.
        images: (N, C, H, W).
        frequency: Factor of the outputs.
    """
    return torch.stack([torch.sin(frequency * network.eval()(images)) for network in fresh])


def label_targets(count: int, images: int, classes: int, generator: torch.Generator) -> Tensor:
    """Return uniformly random classes of some images, int64 (T, N).

    Args:
        count: Targets, T.
        images: Images, N.
        classes: Classes that are drawn from.
        generator: Source, on the CPU.
    """
    return torch.randint(classes, (count, images), generator=generator)


def target_losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared error, or of integer targets the cross-entropy, of each target, (T,).

    Args:
        outputs: (T, N, K).
        targets: Float (T, N, K), or classes (T, N).
    """
    if targets.is_floating_point():
        return functional.mse_loss(outputs, targets, reduction="none").flatten(1).mean(1)
    losses = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
    return losses.view(targets.shape).mean(1)


def difficulty(targets: Tensor, classes: int) -> Tensor:
    """Return the loss of the best constant on each target, (T,): the variance, or the entropy of the labels' shares.

    Args:
        targets: Float (T, N, K), or classes (T, N).
        classes: Number of classes.
    """
    if targets.is_floating_point():
        return targets.var(dim=1, correction=0).mean(1)
    shares = functional.one_hot(targets, classes).double().mean(1)
    return torch.special.entr(shares).sum(1).to(torch.get_default_dtype())
