"""Networks as somebody else writes them, in a module that is no part of the package."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from plasticity.models.classifier import Classifier
from plasticity.models.network import Network

SHAPE, CLASSES = (1, 8, 8), 5


class WideNet(nn.Module):
    """A network of somebody else."""

    head_name = "layers.fc"

    def __init__(self, num_classes: int, in_channels: int = 3, *, width: int = 12, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(
            {
                "conv": nn.Conv2d(in_channels, width, 3),
                "norm": nn.BatchNorm2d(width),
                "fc": nn.Linear(width, num_classes),
            }
        )
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        found = self.layers["norm"](self.layers["conv"](images)).relu().mean((2, 3))
        return self.layers["fc"](self.dropout(found * self.scale))


class OwnWeights(nn.Module):
    def __init__(self, image_shape: tuple[int, int, int], num_classes: int, layers: list[int] | None = None) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(image_shape[1] * image_shape[2], (layers or [6])[0]), nn.ReLU()
        )
        self.head = nn.Linear((layers or [6])[0], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images))

    def hidden_layers(self) -> list[nn.Module]:
        return [self.body[1], self.body[2]]

    def initialise(self, generator: torch.Generator) -> None:
        for value in self.parameters():
            nn.init.normal_(value, generator=generator)


class Headless(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(64, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(images.flatten(1))


class Softmax(Headless):
    head_name = "classifier"

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).log_softmax(1)


class TenClasses(Headless):
    head_name = "classifier"

    def __init__(self) -> None:
        super().__init__(10)


class OfAnotherSize(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(3072, 4), nn.Linear(4, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images.flatten(1)))


class NotFinite(Headless):
    head_name = "classifier"

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) / 0


class ForgetsItsHead(Network):
    """Breaks the contract: initialise leaves the head's weights as they are."""

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        body = nn.Sequential(nn.Flatten(), nn.Linear(prod(image_shape), 7))
        return DrawsItsBody(body, nn.Linear(7, num_classes))


class NarrowHead(Network):
    """Breaks the contract: the head reads fewer features than there are."""

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        return DrawsAll(nn.Sequential(nn.Flatten(), nn.Linear(prod(image_shape), 7)), nn.Linear(3, num_classes))


class NoClassifier(Network):
    """Breaks the contract: a layer is no network with a head."""

    def build(self, image_shape: Sequence[int], num_classes: int) -> Any:
        return nn.Linear(prod(image_shape), num_classes)


class DrawsItsBody(Classifier):
    def initialise(self, generator: torch.Generator) -> None:
        for value in self.body.parameters():
            nn.init.normal_(value, generator=generator)


class DrawsAll(Classifier):
    def initialise(self, generator: torch.Generator) -> None:
        for value in self.parameters():
            nn.init.normal_(value, generator=generator)


class NeedsAModule(Headless):
    def __init__(self, num_classes: int, block: nn.Module) -> None:
        super().__init__(num_classes)
