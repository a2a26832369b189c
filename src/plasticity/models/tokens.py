"""Images as tokens: linear maps of their patches, each with what its place says."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Tokens(nn.Module):
    """A linear map of each patch plus what its place says: images (B, C, H, W) to (B, tokens, width)."""

    def __init__(self, image_shape: Sequence[int], patch: int, width: int) -> None:
        super().__init__()
        channels, *sides = image_shape
        self.embed = nn.Conv2d(channels, width, patch, stride=patch)
        self.positions = nn.Parameter(torch.empty(1, (sides[0] // patch) * (sides[1] // patch), width))

    def forward(self, images: Tensor) -> Tensor:
        """Return the tokens."""
        return self.embed(images).flatten(2).mT + self.positions
