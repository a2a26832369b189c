"""The plasticity probe: how well copies of a network fit new random targets (Lyle et al. 2023, sections 3.1, 5.1)."""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import replace_all_batch_norm_modules_

from plasticity.config.landscape_section import ProbeTraining
from plasticity.models.classifier import Classifier
from plasticity.training.optimisers.optimiser import Optimiser
from plasticity.training.probe_copies import copies_of
from plasticity.training.probe_targets import difficulty, target_losses
from plasticity.training.subnormals import subnormals_as_zero


@dataclass(frozen=True)
class ProbeCurve:
    """What a probe found.

    Attributes:
        steps: Steps before each loss, (points + 1,), from 0 on.
        losses: Loss over all images, float64 (T, points + 1), a row per target.
        variance: Loss of the best constant on each target, float64 (T,).
    """

    steps: tuple[int, ...]
    losses: Tensor
    variance: Tensor

    @property
    def marks(self) -> Tensor:
        """The steps as a tensor, int64 (points + 1,)."""
        return torch.tensor(self.steps)

    @property
    def loss(self) -> float:
        """Mean final loss."""
        return float(self.losses[:, -1].mean())

    @property
    def relative_loss(self) -> float:
        """Mean final loss in units of the targets' variance: 0 is a perfect fit, 1 that of a constant."""
        return float((self.losses[:, -1] / self.variance).mean())


@subnormals_as_zero()
def probe(
    model: Classifier,
    images: Tensor,
    targets: Tensor,
    training: ProbeTraining,
    *,
    optimiser: Optimiser,
    generator: torch.Generator,
    stacked: bool | None = None,
) -> ProbeCurve:
    """Train a copy of a network on each target and return how its loss falls; the network itself stays as it is.

    Noise targets are shifted by the mean of the network's outputs before the first step, so that no copy has to learn
    an offset. The copies see the same batches. Batch normalisation uses each batch's own statistics throughout.

    Args:
        model: The network, on the images' device; outputs (N, K).
        images: (N, C, H, W), all that is trained on and measured on.
        targets: Noise (T, N, K) or classes (T, N), as in `probe_targets`.
        training: Lengths, sizes, head and outputs.
        optimiser: The rule; its state begins anew.
        generator: Source of the batches' order and of a renewed head, on the CPU.
        stacked: Whether the copies train as one stack of weights; None for what is faster.
    """
    network = _renewed(as_trained(model), model, training, generator)
    with torch.no_grad():
        before = network(images)
    scale = float(before.std()) if training.outputs == "normalised" else 1.0
    wanted = targets + before.mean(0) / scale if targets.is_floating_point() else targets
    copies = copies_of(network, len(targets), optimiser, training, scale=scale, stacked=stacked)
    losses, order = [], _Batches(len(images), training.batch_size, generator)
    for step in range(training.steps + 1):
        if step in training.marks:
            with torch.no_grad():
                losses.append(target_losses(copies.outputs(images), wanted).double().cpu())
        if step < training.steps:
            rows = order.next().to(images.device)
            copies.step(images[rows], wanted[:, rows])
    return ProbeCurve(training.marks, torch.stack(losses, 1), difficulty(targets, before.shape[1]).double().cpu())


class _Batches:
    """Rows of batch after batch; every image once before any comes again, what is left of a round is not used."""

    def __init__(self, images: int, size: int, generator: torch.Generator) -> None:
        self._images, self._size, self._generator = images, min(size, images), generator
        self._left: list[Tensor] = []

    def next(self) -> Tensor:
        """Return the rows of the next batch, int64 (B,)."""
        if not self._left:
            order = torch.randperm(self._images, generator=self._generator)
            self._left = [batch for batch in order.split(self._size) if len(batch) == self._size][::-1]
        return self._left.pop()


def as_trained(model: Classifier) -> Classifier:
    """Return a copy in the mode in which a probe trains it; batch normalisation keeps no statistics."""
    network = deepcopy(model).train()
    replace_all_batch_norm_modules_(network)
    return network


def _renewed(network: Classifier, model: Classifier, training: ProbeTraining, generator: torch.Generator) -> Classifier:
    """Return a copy of a model, its head drawn anew if the settings say so."""
    if training.head == "renewed":
        fresh = deepcopy(model).cpu()
        fresh.initialise(generator)
        network.head.load_state_dict(fresh.head.state_dict())
    return network
