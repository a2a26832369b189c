"""Networks of torchvision, made for ImageNet, as Hui, Belkin & Nakkiran (2022) train them on small images.

The paper says nothing of images of 28 pixels, which five halvings leave nothing of, of images with one channel, or of
dropout. Here smaller images are padded to 32 pixels by repeating their border, a single channel is repeated three
times, and there is no dropout: its masks would come from the global generator, and a resumed run would have others.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchvision import models

from plasticity.models.classifier import Classifier, initialise_batch_norm, initialise_linear
from plasticity.models.network import Network

SMALLEST = 32
"""Pixels that the smallest images are padded to."""

_FAN_OUT = {"mode": "fan_out", "nonlinearity": "relu"}
_VGG_LINEAR_SD = 0.01


class ResNet18ImageNet(Network, name="resnet18_imagenet"):
    """torchvision's ResNet-18, 7×7 stem (Hui et al. 2022); smaller images are padded to 32 pixels by their border."""

    normalises_batches: ClassVar[bool] = True

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        return TorchvisionResNet(image_shape, num_classes, build=models.resnet18)


class ResNet50ImageNet(Network, name="resnet50_imagenet"):
    """torchvision's ResNet-50, 7×7 stem (Hui et al. 2022); smaller images are padded to 32 pixels by their border."""

    normalises_batches: ClassVar[bool] = True

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        return TorchvisionResNet(image_shape, num_classes, build=models.resnet50)


class DenseNet201(Network, name="densenet201"):
    """torchvision's DenseNet-201 (Hui et al. 2022), without dropout; images are padded as for the ResNets."""

    normalises_batches: ClassVar[bool] = True

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        return TorchvisionDenseNet(image_shape, num_classes)


class VGG11(Network, name="vgg11_bn"):
    """torchvision's VGG-11 with batch-norm (Hui et al. 2022), without dropout; images are padded as for the ResNets."""

    normalises_batches: ClassVar[bool] = True

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        return TorchvisionVGG(image_shape, num_classes)


class FitImages(nn.Module):
    """Pads images (B, C, H, W) to 32 pixels by repeating their border, and repeats a single channel three times."""

    def __init__(self, image_shape: Sequence[int]) -> None:
        super().__init__()
        channels, height, width = image_shape
        self.repeats = 3 if channels == 1 else 1
        left, top = ((max(SMALLEST - size, 0)) // 2 for size in (width, height))
        right, bottom = (max(SMALLEST - size, 0) - before for size, before in ((width, left), (height, top)))
        self.pad = nn.ReplicationPad2d((left, right, top, bottom))

    def forward(self, images: Tensor) -> Tensor:
        """Return images (B, 3, H', W') of at least 32 pixels."""
        return self.pad(images.repeat(1, self.repeats, 1, 1) if self.repeats > 1 else images)


class AveragePool(nn.Module):
    """`nn.AdaptiveAvgPool2d` as two matrix products, whose gradient is deterministic on a GPU as well."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, size, size)."""
        rows, columns = (self._weights(length, x) for length in x.shape[2:])
        return rows @ x @ columns.T

    def _weights(self, length: int, like: Tensor) -> Tensor:
        """Return the shares (size, length) of pixels in places, made on the device: nothing is sent in every step."""
        place = torch.arange(self.size, device=like.device)[:, None]
        first, end = place * length // self.size, ((place + 1) * length + self.size - 1) // self.size
        pixel = torch.arange(length, device=like.device)
        return ((first <= pixel) & (pixel < end)).to(like.dtype) / (end - first)


class TorchvisionResNet(Classifier):
    """torchvision's ResNet with its 7×7 stem of stride 2 and max-pool: unlike the ResNet-18 of Bonifazi et al."""

    def __init__(self, image_shape: Sequence[int], num_classes: int, *, build: Callable[..., models.ResNet]) -> None:
        trunk = build(weights=None)
        width = trunk.fc.in_features
        trunk.fc = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
        super().__init__(nn.Sequential(FitImages(image_shape), trunk), nn.Linear(width, num_classes))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw convolutions Kaiming-normal with fan-out and the head PyTorch-uniform, as torchvision does."""
        _initialise_convolutions(self.body, generator, **_FAN_OUT)
        initialise_linear(self.head, generator)


class TorchvisionDenseNet(Classifier):
    """torchvision's DenseNet-201; features of 1,920 dimensions behind the last pooling."""

    def __init__(self, image_shape: Sequence[int], num_classes: int) -> None:
        trunk = models.densenet201(weights=None)
        width = trunk.classifier.in_features
        trunk.classifier = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
        super().__init__(nn.Sequential(FitImages(image_shape), trunk), nn.Linear(width, num_classes))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw convolutions Kaiming-normal with fan-in and the head PyTorch-uniform without bias, as torchvision."""
        _initialise_convolutions(self.body, generator)
        initialise_linear(self.head, generator)
        nn.init.zeros_(self.head.bias)


class TorchvisionVGG(Classifier):
    """torchvision's VGG-11 with batch-norm and without dropout; features of 4,096 dimensions."""

    def __init__(self, image_shape: Sequence[int], num_classes: int) -> None:
        trunk = models.vgg11_bn(weights=None, init_weights=False, dropout=0.0)
        trunk.avgpool = AveragePool(7)  # pyright: ignore[reportAttributeAccessIssue]
        last = trunk.classifier[-1]
        assert isinstance(last, nn.Linear)  # for type checkers: a Sequential holds modules of any kind
        trunk.classifier[-1] = nn.Identity()
        super().__init__(nn.Sequential(FitImages(image_shape), trunk), nn.Linear(last.in_features, num_classes))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw convolutions Kaiming-normal with fan-out and linear layers N(0, 0.01²); biases are zero."""
        _initialise_convolutions(self.body, generator, **_FAN_OUT)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, _VGG_LINEAR_SD, generator=generator)
                nn.init.zeros_(module.bias)


def _initialise_convolutions(body: nn.Module, generator: torch.Generator, **kaiming: Any) -> None:
    """Draw all convolutions Kaiming-normal, set their biases to zero and batch-norm to its start."""
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, generator=generator, **kaiming)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            initialise_batch_norm(module)
