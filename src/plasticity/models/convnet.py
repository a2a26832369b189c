"""The small convolutional networks of the papers on plasticity."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import nn

from plasticity.config.component import ComponentError
from plasticity.config.settings import setting
from plasticity.models.activations import ACTIVATIONS, ONE_OUTPUT, Activation, outputs_per_unit
from plasticity.models.classifier import Classifier, initialise_layer_norm, initialise_linear
from plasticity.models.network import Network
from plasticity.models.spectral_linear import SpectralLinear
from plasticity.models.units import Units, chain_of_units

Sizes = tuple[Annotated[int, Field(ge=1)], ...]
_CHANNELS = "Channels of each convolution, from the input."
_HIDDEN = "Units of each fully connected hidden layer after the convolutions."


class DohareConvNet(Network, name="convnet_dohare"):
    """The ConvNet of Continual ImageNet (Dohare et al. 2024).

    Convolutions of 5×5, 3×3 and 3×3, each with a nonlinearity and 2×2 max-pooling, then two hidden layers; for 32×32
    colour images and two classes it has 177,218 parameters. He et al. pad the convolutions ("same").
    """

    unit_activations: ClassVar[tuple[str, ...]] = ONE_OUTPUT
    kernels: ClassVar[tuple[int, ...]] = (5, 3, 3)
    pools: ClassVar[bool] = True

    channels: Sizes = setting(_CHANNELS, unit="channels", default=(32, 64, 128), min_length=3, max_length=3)
    hidden: Sizes = setting(_HIDDEN, unit="units", default=(128, 128), min_length=1)
    padding: Literal["valid", "same"] = setting(
        "Padding of the convolutions: none, or zeros that preserve the size.", unit="name", default="valid"
    )
    activation: Activation = setting("Nonlinearity after each hidden layer.", unit="name", default="relu")
    layer_norm: bool = setting(
        "Layer normalisation of each image before the nonlinearity; after a convolution, over channels and positions.",
        unit="1",
        default=False,
    )
    spectral_norm: bool = setting(
        "Divide the first linear layer's weights by their largest singular value.", unit="1", default=False
    )

    @model_validator(mode="after")
    def _even_widths(self) -> "DohareConvNet":
        widths = (*self.channels, *self.hidden)
        if odd := [width for width in widths if width % outputs_per_unit(self.activation)]:
            raise ValueError(f"expected even numbers of channels and units with {self.activation}, got {odd[0]}")
        return self

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape.

        Raises:
            ComponentError: If the images are too small for it.
        """
        self.places(image_shape)
        return ConvNet(image_shape, num_classes, self)

    def places(self, image_shape: Sequence[int]) -> int:
        """Return the places (height times width) behind the last convolution.

        Raises:
            ComponentError: If nothing is left of the images.
        """
        sides = list(image_shape[1:])
        for kernel in self.kernels:
            sides = [side if self.padding == "same" else side - kernel + 1 for side in sides]
            sides = [side // 2 for side in sides] if self.pools else sides
            if min(sides) < 1:
                expected = "larger images, or convolutions that keep the size (padding: same)"
                raise ComponentError("model.padding", expected=expected, got=f"images of {list(image_shape[1:])}")
        return sides[0] * sides[1]


class LyleConvNet(DohareConvNet, name="convnet_lyle"):
    """The CNN of Lyle et al. (2023): convolutions of 5×5 and 3×3 without pooling, then two hidden layers."""

    kernels: ClassVar[tuple[int, ...]] = (5, 3)
    pools: ClassVar[bool] = False

    channels: Sizes = setting(_CHANNELS, unit="channels", default=(64, 64), min_length=2, max_length=2)
    hidden: Sizes = setting(_HIDDEN, unit="units", default=(256, 256), min_length=1)


class ConvNet(Classifier):
    """Convolutions, then fully connected layers; weights and biases from U(±1/√fan_in), PyTorch's default."""

    def __init__(self, image_shape: Sequence[int], num_classes: int, chosen: DohareConvNet) -> None:
        flat = chosen.channels[-1] * chosen.places(image_shape)
        convolutions = zip(chosen.kernels, pairwise([image_shape[0], *chosen.channels]), strict=True)
        blocks: list[nn.Module] = [_convolution(chosen, kernel, *sizes) for kernel, sizes in convolutions]
        blocks.append(nn.Flatten())
        for place, sizes in enumerate(pairwise([flat, *chosen.hidden])):
            blocks.append(_linear(chosen, *sizes, spectral=chosen.spectral_norm and not place))
        super().__init__(nn.Sequential(*blocks), nn.Linear(chosen.hidden[-1], num_classes))
        self._activation = chosen.activation

    def hidden_layers(self) -> list[nn.Module]:
        """Return the hidden layers as the next layer reads them: behind the nonlinearity and the pooling."""
        return [module for module in self.body.children() if isinstance(module, nn.Sequential)]

    def units(self) -> list[Units]:
        """Return the channels and units of each hidden layer; none where a unit has two outputs."""
        if outputs_per_unit(self._activation) > 1:
            return []
        layers = {name: module for name, module in self.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)}
        bounds = {name: module.weight[0].numel() ** -0.5 for name, module in layers.items()}
        return chain_of_units(self, self._activation, {name: (bound, bound) for name, bound in bounds.items()})

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights anew."""
        for module in self.modules():
            if isinstance(module, nn.LayerNorm | nn.GroupNorm):
                initialise_layer_norm(module)
            if isinstance(module, nn.Linear | nn.Conv2d):
                initialise_linear(module, generator)
            if isinstance(module, SpectralLinear):
                module.begin()


def _convolution(chosen: DohareConvNet, kernel: int, channels_in: int, channels_out: int) -> nn.Sequential:
    channels = channels_out // outputs_per_unit(chosen.activation)
    layers: list[nn.Module] = [nn.Conv2d(channels_in, channels, kernel, padding=chosen.padding)]
    layers += [nn.GroupNorm(1, channels)] if chosen.layer_norm else []
    layers.append(ACTIVATIONS[chosen.activation]())
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if chosen.pools else []))


def _linear(chosen: DohareConvNet, fan_in: int, width: int, *, spectral: bool) -> nn.Sequential:
    fan_out = width // outputs_per_unit(chosen.activation)
    layers: list[nn.Module] = [(SpectralLinear if spectral else nn.Linear)(fan_in, fan_out)]
    layers += [nn.LayerNorm(fan_out)] if chosen.layer_norm else []
    return nn.Sequential(*layers, ACTIVATIONS[chosen.activation]())
