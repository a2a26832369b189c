"""Networks by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from plasticity.config.component import Chosen
from plasticity.models.classifier import Classifier
from plasticity.models.network import Network


def build_model(
    settings: Mapping[str, Any] | Chosen, image_shape: Sequence[int], num_classes: int, generator: torch.Generator
) -> Classifier:
    """Build the network `settings["name"]` and draw its weights from `generator`.

    Args:
        settings: The configuration's model section: the name of a network, and its parameters.
        image_shape: Channels, height, width.
        num_classes: Width of the head.
        generator: A CPU generator; the global one stays untouched.

    Raises:
        PlasticityError: If there is no such network, or its parameters are not what it expects.
    """
    chosen = settings if isinstance(settings, Chosen) else Chosen.model_validate(dict(settings))
    return chosen.make(Network).create(image_shape, num_classes, generator)
