"""What every network of the project offers: last-layer features, an explicit head, and its own initialisation."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from plasticity.models.units import Units


class Classifier(nn.Module):
    """A network split where neural collapse is measured: `body` gives the features, `head` the logits.

    Attributes:
        body: Maps images (B, C, H, W) to last-hidden-layer features (B, d), after the last non-linearity.
        head: The final linear layer, (B, d) to (B, classes).
    """

    def __init__(self, body: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.body = body
        self.head = head

    def hidden_layers(self) -> list[nn.Module]:
        """Return the modules whose outputs (B, ...) are the hidden layers, input first; the last gives `features`."""
        return [self.body]

    def units(self) -> Sequence[Units]:
        """Return the units of each of the hidden layers, for methods that renew single ones; none by default."""
        return ()

    def features(self, images: Tensor) -> Tensor:
        """Return the features (B, d) of images (B, C, H, W)."""
        return self.body(images)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B, classes) of images (B, C, H, W)."""
        return self.head(self.body(images))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights anew from `generator`; buffers return to their initial values."""
        raise NotImplementedError


def head_names(model: Classifier) -> list[str]:
    """Return the names of the head's parameters."""
    head = {id(parameter) for parameter in model.head.parameters()}
    return [name for name, parameter in model.named_parameters() if id(parameter) in head]


def initialise_batch_norm(module: nn.BatchNorm2d) -> None:
    """Set scale 1, shift 0 and fresh running statistics."""
    module.reset_running_stats()
    nn.init.ones_(module.weight)
    nn.init.zeros_(module.bias)


def initialise_layer_norm(module: nn.LayerNorm | nn.GroupNorm) -> None:
    """Set scale 1 and shift 0."""
    nn.init.ones_(module.weight)
    nn.init.zeros_(module.bias)


def initialise_linear(module: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """Draw weight and bias from U(±1/√fan_in), PyTorch's default for a linear layer and a convolution."""
    bound = module.weight[0].numel() ** -0.5
    nn.init.uniform_(module.weight, -bound, bound, generator=generator)
    if module.bias is not None:
        nn.init.uniform_(module.bias, -bound, bound, generator=generator)
