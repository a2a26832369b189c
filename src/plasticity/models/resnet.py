"""ResNet-18 for small images: the paper's, and the narrow one of Ash & Adams (2020)."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from plasticity.config.settings import setting
from plasticity.models.classifier import Classifier, initialise_batch_norm, initialise_linear
from plasticity.models.network import Network

_STAGES = 4
_BLOCKS_PER_STAGE = 2


_WIDTH = "Channels of the first of four stages; doubled in each further stage."
_MAX_POOL = "Keep the 3×3 max-pooling of stride 2 after the first convolution."


class ResNet18(Network, name="resnet18"):
    """ResNet-18 with a 3×3 stem (Bonifazi et al. 2024)."""

    normalises_batches: ClassVar[bool] = True

    width: int = setting(_WIDTH, unit="channels", default=64, ge=1)
    max_pool: bool = setting(_MAX_POOL, unit="1", default=True)

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        return SmallImageResNet(image_shape, num_classes, width=self.width, max_pool=self.max_pool)


class NarrowResNet18(ResNet18, name="resnet18_narrow"):
    """The narrow ResNet-18 of Ash & Adams (2020)."""

    width: int = setting(_WIDTH, unit="channels", default=16, ge=1)
    max_pool: bool = setting(_MAX_POOL, unit="1", default=False)


class Projection(nn.Conv2d):
    """A strided 1×1 convolution, as one of stride 1 on the places that it reads.

    oneDNN's kernel of its weight gradient writes beyond its memory on CPUs with AVX2 alone, for fewer than 8 channels
    in channels-last order (PyTorch 2.15): the process ends by SIGSEGV or SIGABRT.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H/stride, W/stride)."""
        down, right = self.stride
        return functional.conv2d(input[:, :, ::down, ::right], self.weight, self.bias)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut (He et al. 2016, Figure 5 left)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.relu2 = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels_out:
            projection = Projection(channels_in, channels_out, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H/stride, W/stride)."""
        out = self.relu1(self.norm1(self.conv1(x)))
        return self.relu2(self.norm2(self.conv2(out)) + self.shortcut(x))


class SmallImageResNet(Classifier):
    """ResNet-18 with a 3×3 stem of stride 1; stages of `width` × (1, 2, 4, 8) channels.

    Width 64 with the max-pool kept is the network of Bonifazi et al. (2024): 11.17 M parameters on CIFAR-10. Width 16
    without it is the network of Ash & Adams (2020). One-channel 8×8 images pass through either.
    """

    def __init__(self, image_shape: Sequence[int], num_classes: int, *, width: int, max_pool: bool) -> None:
        channels, _, _ = image_shape
        widths = [width * 2**stage for stage in range(_STAGES)]
        layers: list[nn.Module] = [
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        if max_pool:
            layers.append(nn.MaxPool2d(3, stride=2, padding=1))
        layers += _stages(width, widths)
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        super().__init__(nn.Sequential(*layers), nn.Linear(widths[-1], num_classes))

    def hidden_layers(self) -> list[nn.Module]:
        """Return the stem and the blocks as what follows reads them: behind the pooling, the last as features."""
        modules = list(self.body.children())
        blocks = [module for module in modules if isinstance(module, BasicBlock)]
        return [modules[modules.index(blocks[0]) - 1], *blocks[:-1], modules[-1]]

    def initialise(self, generator: torch.Generator) -> None:
        """Draw convolutions Kaiming-normal with fan-out (He et al. 2015), the head PyTorch-uniform."""
        for module in self.body.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                initialise_batch_norm(module)
        initialise_linear(self.head, generator)


def _stages(channels: int, widths: Sequence[int]) -> list[nn.Module]:
    blocks: list[nn.Module] = []
    for stage, width in enumerate(widths):
        for block in range(_BLOCKS_PER_STAGE):
            stride = 2 if stage > 0 and block == 0 else 1
            blocks.append(BasicBlock(channels, width, stride))
            channels = width
    return blocks
