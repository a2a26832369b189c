"""Multinomial logistic regression, the smallest network of Ash & Adams (2020)."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import torch
from torch import nn

from plasticity.models.classifier import Classifier, initialise_linear
from plasticity.models.network import Network


class LogisticRegression(Network, name="logistic_regression"):
    """One linear layer on flattened images (Ash & Adams 2020, Table 1); its features are the pixels."""

    has_hidden_layers: ClassVar[bool] = False

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a linear classifier for images of this shape."""
        return LinearClassifier(nn.Flatten(), nn.Linear(prod(image_shape), num_classes))


class LinearClassifier(Classifier):
    """A head on the pixels of an image, (B, C, H, W) to (B, C·H·W)."""

    def initialise(self, generator: torch.Generator) -> None:
        """Draw weight and bias from U(±1/√fan_in)."""
        initialise_linear(self.head, generator)
