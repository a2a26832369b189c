"""Networks by name."""

from collections.abc import Sequence

import torch

from plasticity.config.component import Chosen
from plasticity.models.classifier import Classifier
from plasticity.models.network import Network


def build_model(chosen: Chosen, image_shape: Sequence[int], num_classes: int, generator: torch.Generator) -> Classifier:
    """Build a network and draw its weights from `generator`.

    Args:
        chosen: The name of a network, and its parameters.
        image_shape: Channels, height, width.
        num_classes: Width of the head.
        generator: A CPU generator; the global one stays untouched.

    Raises:
        PlasticityError: If there is no such network, or its parameters are not what it expects.
    """
    return chosen.make(Network).create(image_shape, num_classes, generator)
