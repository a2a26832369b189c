"""What is measured: a network at a checkpoint with images of its task."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from plasticity.models.classifier import Classifier
from plasticity.seeding import torch_generator


@dataclass(frozen=True)
class Subject:
    """A network at a checkpoint, and what it is measured on.

    Attributes:
        model: The network, finite.
        images: Images of the task (N, C, H, W), on the network's device, in the order in which measures take them.
        labels: Their classes, int64 (N,).
        seed: The run's seed.
        purpose: What draws that every checkpoint has of its own are for, such as "landscape/start".
        number: Index of the checkpoint within that purpose.
        fresh: Freshly initialised network by purpose and index.
        regression: The network's outputs are fitted by squared error; otherwise its loss is the cross-entropy.
    """

    model: Classifier
    images: Tensor
    labels: Tensor
    seed: int
    purpose: str
    number: int
    fresh: Callable[[str, int], Classifier]
    regression: bool = False

    def first(self, count: int) -> tuple[Tensor, Tensor]:
        """Return the first images (count, C, H, W) and their classes (count,)."""
        return self.images[:count], self.labels[:count]

    def noise(self, count: int) -> Tensor | None:
        """Return what the squared error asks the outputs on the first images to move by, (count, outputs).

        It is the same at all checkpoints of a seed; None where the loss is the cross-entropy.
        """
        if not self.regression:
            return None
        generator = torch_generator(self.seed, "landscape/noise")
        return torch.randn(count, self.model.head.out_features, generator=generator).to(self.images)

    def generator(self) -> torch.Generator:
        """Return the source of what is drawn for this checkpoint alone."""
        return torch_generator(self.seed, self.purpose, self.number)


class Images(Protocol):
    """Images of which batches are taken."""

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        ...

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return images (B, C, H, W) as networks take them, and their classes (B,)."""
        ...


@dataclass(frozen=True)
class Ground:
    """A seed's task, on which its checkpoints are measured.

    Attributes:
        images: Images on the device.
        rows: Those of the task.
        seed: The run's seed.
        draw: A network whose weights are drawn from a generator, on the CPU.
        positions: Where each pixel goes in the task, in the order (C, H, W), int64 (C·H·W,); None for nowhere.
        regression: Outputs of its networks are fitted by squared error.
    """

    images: Images
    rows: Tensor
    seed: int
    draw: Callable[[torch.Generator], Classifier]
    positions: Tensor | None = None
    regression: bool = False

    def subject(self, model: Classifier, count: int, number: int, purpose: str) -> Subject:
        """Return a network with some of the images.

        Args:
            model: The network, on the images' device.
            count: Images that are needed at most.
            number: Index of the checkpoint.
            purpose: What its own draws are for.
        """
        rows = self.rows[drawn_rows(count, len(self.rows), self.seed).to(self.rows.device)]
        pixels, labels = self.images.batch(rows)
        if self.positions is not None:
            pixels = pixels.flatten(1)[:, torch.argsort(self.positions)].view(pixels.shape)
        return Subject(model, pixels, labels, self.seed, purpose, number, self._fresh, self.regression)

    def _fresh(self, purpose: str, index: int) -> Classifier:
        return self.draw(torch_generator(self.seed, purpose, index)).to(self.images.device)


def drawn_rows(count: int, available: int, seed: int) -> Tensor:
    """Return which of a task's images a seed's checkpoints are measured on, int64 (count,); fewer if there are fewer.

    A smaller draw is the beginning of a larger one.
    """
    return torch.randperm(available, generator=torch_generator(seed, "landscape/images"))[:count]
