"""The multilayer perceptrons of the papers."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import nn

from plasticity.config.settings import setting
from plasticity.models.activations import ACTIVATIONS, ONE_OUTPUT, Activation, gain, outputs_per_unit
from plasticity.models.classifier import Classifier, initialise_layer_norm, initialise_linear
from plasticity.models.network import Network
from plasticity.models.spectral_linear import SpectralLinear
from plasticity.models.units import Units, chain_of_units


class MLP(Network, name="mlp"):
    """Fully connected network on flattened images (Bonifazi et al. 2024; Dohare et al. 2024)."""

    unit_activations: ClassVar[tuple[str, ...]] = ONE_OUTPUT
    stacked_by_default: ClassVar[tuple[str, ...] | None] = ("activation", "spectral_norm")

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = setting(
        "Outputs of each hidden layer, from the input; crelu has two outputs per unit and thus half as many weights.",
        unit="units",
        default=(100, 100, 100),
        min_length=1,
    )
    activation: Activation = setting("Nonlinearity after each hidden layer.", unit="name", default="relu")
    initialisation: Literal["kaiming", "lecun", "pytorch"] = setting(
        "Kaiming-uniform without biases, the same with a gain of 1 in every layer (lecun), or PyTorch's default, "
        "±1/√fan_in with biases.",
        unit="name",
        default="kaiming",
    )
    layer_norm: bool = setting(
        "Layer normalisation before each nonlinearity (Lyle et al. 2023).",
        unit="1",
        default=False,
    )
    spectral_norm: bool = setting(
        "Divide the first layer's weights by their largest singular value (Lyle et al. 2023).", unit="1", default=False
    )

    @model_validator(mode="after")
    def _even_widths(self) -> "MLP":
        if odd := [width for width in self.hidden if width % outputs_per_unit(self.activation)]:
            raise ValueError(f"expected even numbers of hidden units with {self.activation}, got {odd[0]}")
        return self

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        return MultilayerPerceptron(image_shape, num_classes, self)


class MultilayerPerceptron(Classifier):
    """Fully connected layers of `hidden` units on flattened images.

    hidden (100, 100, 100) with relu is the network of the Permuted MNIST experiments of Bonifazi et al. (2024) and,
    with tanh, that of Ash & Adams (2020); (2000, 2000, 2000) is Dohare et al. (2024).
    """

    def __init__(self, image_shape: Sequence[int], num_classes: int, chosen: MLP) -> None:
        sizes = [prod(image_shape), *chosen.hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for place, (fan_in, width) in enumerate(pairwise(sizes)):
            linear = SpectralLinear if chosen.spectral_norm and not place else nn.Linear
            fan_out = width // outputs_per_unit(chosen.activation)
            layers += [linear(fan_in, fan_out), *([nn.LayerNorm(fan_out)] if chosen.layer_norm else [])]
            layers += [ACTIVATIONS[chosen.activation]()]
        super().__init__(nn.Sequential(*layers), nn.Linear(sizes[-1], num_classes))
        self.activation = chosen.activation
        self.initialisation = chosen.initialisation

    def hidden_layers(self) -> list[nn.Module]:
        """Return the nonlinearities, behind which each hidden layer is measured."""
        kind = ACTIVATIONS[self.activation]
        return [module for module in self.body.children() if isinstance(module, kind)]

    def units(self) -> list[Units]:
        """Return the units of each hidden layer; none where a unit has two outputs."""
        if outputs_per_unit(self.activation) > 1:
            return []
        bounds = {name: self._bounds(module) for name, module in self.named_modules() if isinstance(module, nn.Linear)}
        return chain_of_units(self, self.activation, bounds)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw weights Kaiming-uniform (hidden: gain of the activation, head: gain 1) with biases of zero.

        Or, as the setting `initialisation` says, with a gain of 1 in every layer (LeCun et al. 1998); or weights and
        biases from U(±1/√fan_in), PyTorch's default: weights of hidden ReLU layers are then smaller by √6.
        """
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                initialise_layer_norm(module)
            if isinstance(module, nn.Linear):
                self._initialise(module, generator)
            if isinstance(module, SpectralLinear):
                module.begin()

    def _initialise(self, module: nn.Linear, generator: torch.Generator) -> None:
        if self.initialisation == "pytorch":
            initialise_linear(module, generator)
            return
        bound, _ = self._bounds(module)
        nn.init.uniform_(module.weight, -bound, bound, generator=generator)
        nn.init.zeros_(module.bias)

    def _bounds(self, module: nn.Linear) -> tuple[float, float]:
        """Return the bounds within which the weights and the biases of a layer are drawn."""
        if self.initialisation == "pytorch":
            return module.in_features**-0.5, module.in_features**-0.5
        factor = 1.0 if module is self.head or self.initialisation == "lecun" else gain(self.activation)
        return factor * (3.0 / module.in_features) ** 0.5, 0.0
