"""The plasticity probe: how well copies of a network fit new random targets (Lyle et al. 2023, sections 3.1 and 5.1).

All targets train at once: the copies are one stack of weights, and a step is one forward and one backward pass of it.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.func import functional_call, grad, replace_all_batch_norm_modules_, vmap

from plasticity.config.settings import Settings, setting
from plasticity.models.classifier import Classifier
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.optimisers.optimiser import Optimiser
from plasticity.training.probe_targets import difficulty, target_losses

Stack = dict[str, Tensor]


class ProbeTraining(Settings):
    """How a probe trains its copies."""

    steps: int = setting("Steps of every copy.", unit="steps", ge=1, default=2000)
    batch_size: int = setting("Images per step.", unit="images", ge=2, default=512)
    learning_rate: float = setting("Step size.", unit="1", gt=0, default=0.001)
    head: Literal["kept", "renewed"] = setting(
        "Keep the last layer, or draw it anew. A trained classifier's logits are hundreds of times the targets' scale: "
        "with the head kept, the probe measures that scale before anything else.",
        unit="name",
        default="renewed",
    )
    outputs: Literal["raw", "normalised"] = setting(
        "Fit the network's outputs, or these divided by their standard deviation before the first step.",
        unit="name",
        default="raw",
    )
    points: int = setting(
        "Losses on the learning curve after the one before the first step.", unit="1", ge=1, default=10
    )


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
    def loss(self) -> float:
        """Mean final loss."""
        return float(self.losses[:, -1].mean())

    @property
    def relative_loss(self) -> float:
        """Mean final loss in units of the targets' variance: 0 is a perfect fit, 1 that of a constant."""
        return float((self.losses[:, -1] / self.variance).mean())


def probe(
    model: Classifier,
    images: Tensor,
    targets: Tensor,
    training: ProbeTraining,
    *,
    optimiser: Optimiser,
    generator: torch.Generator,
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
    """
    network = _prepared(model, training, generator)
    with torch.no_grad():
        before = network(images)
    scale = float(before.std()) if training.outputs == "normalised" else 1.0
    wanted = targets + before.mean(0) / scale if targets.is_floating_point() else targets
    copies = _copies(network, len(targets))
    bound = BoundOptimiser(optimiser, copies, learning_rate=training.learning_rate)
    network.to("meta")  # functional calls read the copies alone

    def outputs(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        return functional_call(network, dict(weights), (inputs,)) / scale

    def loss(weights: Mapping[str, Tensor], inputs: Tensor, aims: Tensor) -> Tensor:
        return target_losses(outputs(weights, inputs)[None], aims[None])[0]

    gradients = vmap(grad(loss), in_dims=(0, None, 0), randomness="error")
    marks = sorted({round(training.steps * point / training.points) for point in range(training.points + 1)})
    losses, order = [], _Batches(len(images), training.batch_size, generator)
    for step in range(training.steps + 1):
        if step in marks:
            losses.append(_evaluated(outputs, copies, images, wanted))
        if step < training.steps:
            rows = order.next().to(images.device)
            found = gradients(copies, images[rows], wanted[:, rows])
            bound.step([found[name] for name in copies])
    return ProbeCurve(tuple(marks), torch.stack(losses, 1), difficulty(targets, before.shape[1]).double().cpu())


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


def _prepared(model: Classifier, training: ProbeTraining, generator: torch.Generator) -> Classifier:
    """Return a copy to train, its head renewed if the settings say so."""
    network = deepcopy(model).train()
    replace_all_batch_norm_modules_(network)
    if training.head == "renewed":
        fresh = deepcopy(model).cpu()
        fresh.initialise(generator)
        network.head.load_state_dict(fresh.head.state_dict())
    return network


def _copies(network: Classifier, count: int) -> Stack:
    """Return `count` copies of every parameter, (T, …), by name."""
    return {name: value.detach().expand(count, *value.shape).clone() for name, value in network.named_parameters()}


@torch.no_grad()
def _evaluated(outputs: object, copies: Stack, images: Tensor, wanted: Tensor) -> Tensor:
    """Return every copy's loss over all images, float64 (T,)."""
    found = vmap(outputs, in_dims=(0, None))(copies, images)  # pyright: ignore[reportArgumentType]
    return target_losses(found, wanted).double().cpu()
