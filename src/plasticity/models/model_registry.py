"""Networks by name."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import torch

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.mlp import MLP
from plasticity.models.resnet import ResNet18


def _torchvision(name: str, image_shape: Sequence[int], num_classes: int) -> Classifier:
    """Build a network of torchvision, whose import takes longer than most jobs do."""
    from plasticity.models.torchvision_models import NETWORKS  # noqa: PLC0415

    return NETWORKS[name](image_shape, num_classes)


MODELS: dict[str, Callable[..., Classifier]] = {
    "resnet18": partial(ResNet18, width=64, max_pool=True),
    "resnet18_narrow": partial(ResNet18, width=16, max_pool=False),
    "mlp": partial(MLP, hidden=(100, 100, 100), activation="relu", initialisation="kaiming"),
    "resnet18_imagenet": partial(_torchvision, "resnet18"),
    "resnet50_imagenet": partial(_torchvision, "resnet50"),
    "densenet201": partial(_torchvision, "densenet201"),
    "vgg11_bn": partial(_torchvision, "vgg11_bn"),
}


def build_model(
    settings: Mapping[str, Any], image_shape: Sequence[int], num_classes: int, generator: torch.Generator
) -> Classifier:
    """Build the network `settings["name"]` and draw its weights from `generator`.

    Args:
        settings: The configuration's model section: a name of `MODELS`, and options of that network.
        image_shape: Channels, height, width.
        num_classes: Width of the head.
        generator: A CPU generator; the global one stays untouched.

    Raises:
        PlasticityError: If the name is unknown.
    """
    options = {key: value for key, value in settings.items() if key != "name"}
    name = settings["name"]
    if name not in MODELS:
        near = get_close_matches(name, MODELS, n=1)
        raise PlasticityError(f"model.name: expected one of {sorted(MODELS)}, got {name!r}; nearest is {near}")
    with torch.device("meta"):  # no weights are drawn here, so the global generator is not consumed
        model = MODELS[name](image_shape, num_classes, **options)
    model = model.to_empty(device="cpu")
    model.initialise(generator)
    return model
