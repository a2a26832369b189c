"""The multilayer perceptrons of the papers."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from plasticity.config.settings import setting
from plasticity.models.classifier import Classifier, initialise_linear
from plasticity.models.network import Network

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


class MLP(Network, name="mlp"):
    """Fully connected network on flattened images (Bonifazi et al. 2024; Dohare et al. 2024)."""

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = setting(
        "Units of each hidden layer, from the input on.", unit="units", default=(100, 100, 100), min_length=1
    )
    activation: Literal["relu", "tanh"] = setting("Nonlinearity behind each hidden layer.", unit="name", default="relu")
    initialisation: Literal["kaiming", "pytorch"] = setting(
        "Kaiming-uniform without biases, or PyTorch's default, ±1/√fan_in with biases.", unit="name", default="kaiming"
    )

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape."""
        options = {"activation": self.activation, "initialisation": self.initialisation}
        return MultilayerPerceptron(image_shape, num_classes, hidden=self.hidden, **options)


class MultilayerPerceptron(Classifier):
    """Fully connected layers of `hidden` units on flattened images.

    hidden (100, 100, 100) with relu is the network of the Permuted MNIST experiments of Bonifazi et al. (2024) and,
    with tanh, that of Ash & Adams (2020); (2000, 2000, 2000) is Dohare et al. (2024).
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        num_classes: int,
        *,
        hidden: Sequence[int],
        activation: str,
        initialisation: str,
    ) -> None:
        sizes = [prod(image_shape), *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), ACTIVATIONS[activation]()]
        super().__init__(nn.Sequential(*layers), nn.Linear(sizes[-1], num_classes))
        self.activation = activation
        self.initialisation = initialisation

    def hidden_layers(self) -> list[nn.Module]:
        """Return the nonlinearities, behind which each hidden layer is measured."""
        return [module for module in self.body.modules() if isinstance(module, ACTIVATIONS[self.activation])]

    def initialise(self, generator: torch.Generator) -> None:
        """Draw weights Kaiming-uniform (hidden: gain of the activation, head: gain 1) with biases of zero.

        Or, as the setting `initialisation` says, weights and biases from U(±1/√fan_in), PyTorch's default: weights of
        hidden ReLU layers are then smaller by √6.
        """
        if self.initialisation == "pytorch":
            for module in self.modules():
                if isinstance(module, nn.Linear):
                    initialise_linear(module, generator)
            return
        for module in self.body.modules():
            if isinstance(module, nn.Linear):
                _initialise(module, self.activation, generator)
        _initialise(self.head, "linear", generator)


def _initialise(module: nn.Linear, nonlinearity: str, generator: torch.Generator) -> None:
    # Kaiming-uniform with an explicit gain, because torch's kaiming_uniform_ knows tanh's gain only under that name.
    gain = nn.init.calculate_gain(nonlinearity)  # pyright: ignore[reportArgumentType]
    bound = gain * (3.0 / module.in_features) ** 0.5
    nn.init.uniform_(module.weight, -bound, bound, generator=generator)
    nn.init.zeros_(module.bias)
