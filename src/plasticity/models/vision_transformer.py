"""A small vision transformer."""

from collections.abc import Sequence

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional

from plasticity.config.component import ComponentError
from plasticity.config.settings import setting
from plasticity.models.classifier import Classifier, initialise_layer_norm, initialise_linear
from plasticity.models.network import Network
from plasticity.models.tokens import Tokens

_STD = 0.02  # of embeddings, Dosovitskiy et al. (2021)


class VisionTransformer(Network, name="vit"):
    """Vision transformer (Dosovitskiy et al. 2021) in the size of Lyle et al. (2023); the head reads the mean token.

    Lyle et al. state neither the number of heads nor what the head reads, and use a dropout of 0.1. There is none here:
    random draws must be a function of the seed alone, so that a killed training run continues as if uninterrupted.
    """

    patch: int = setting(
        "Side length of the square patches; leftover pixels at the border are ignored.", unit="pixels", default=3, ge=1
    )
    width: int = setting("Embedding dimension.", unit="units", default=256, ge=1)
    heads: int = setting("Attention heads.", unit="heads", default=8, ge=1)
    feed_forward: int = setting("Units of each block's feed-forward layer.", unit="units", default=1024, ge=1)
    blocks: int = setting("Blocks of attention and feed-forward layers.", unit="blocks", default=1, ge=1)

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "VisionTransformer":
        if self.width % self.heads:
            raise ValueError(f"expected a width that is a multiple of {self.heads} heads, got {self.width}")
        return self

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network for images of this shape.

        Raises:
            ComponentError: If the images are smaller than a patch.
        """
        if min(image_shape[1:]) < self.patch:
            got = f"images of {list(image_shape[1:])}"
            raise ComponentError("model.patch", expected="images at least as large as a patch", got=got)
        return TokenClassifier(image_shape, num_classes, self)


class TokenClassifier(Classifier):
    """Patches as tokens, blocks with normalisation first, and the mean of the normalised last tokens as features."""

    def __init__(self, image_shape: Sequence[int], num_classes: int, chosen: VisionTransformer) -> None:
        blocks = [Block(chosen.width, chosen.heads, chosen.feed_forward) for _ in range(chosen.blocks)]
        body = nn.Sequential(Tokens(image_shape, chosen.patch, chosen.width), *blocks, MeanToken(chosen.width))
        super().__init__(body, nn.Linear(chosen.width, num_classes))

    def hidden_layers(self) -> list[nn.Module]:
        """Return the blocks, whose outputs are (B, tokens, width), and the features."""
        return [module for module in self.body.children() if isinstance(module, Block | MeanToken)]

    def initialise(self, generator: torch.Generator) -> None:
        """Draw linear layers from U(±1/√fan_in), positions from N(0, 0.02²)."""
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                initialise_layer_norm(module)
            if isinstance(module, nn.Linear | nn.Conv2d):
                initialise_linear(module, generator)
            if isinstance(module, Tokens):
                nn.init.normal_(module.positions, std=_STD, generator=generator)


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x)) with a GELU between two linear layers."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, tokens, width) to the same shape."""
        x = x + self.mix(self._attend(self.norm1(x)))
        return x + self.narrow(functional.gelu(self.widen(self.norm2(x))))

    def _attend(self, x: Tensor) -> Tensor:
        parts = self.project(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return functional.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)


class MeanToken(nn.Module):
    """The mean of the normalised tokens: (B, tokens, width) to (B, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features."""
        return self.norm(x).mean(1)
