"""The freshly initialised network that a seed's interventions perturb with."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from plasticity.data.store import ImageStore
from plasticity.models.model_registry import build_model
from plasticity.models.weights import weights_of
from plasticity.seeding import torch_generator


def fresh_weights(store: ImageStore, model: Mapping[str, Any], seed: int) -> dict[str, NDArray]:
    """Return the weights of a fresh network, independent of the seed's initial one.

    One draw serves all checkpoints of a seed, so that what differs between them is the checkpoint and not the noise.

    Args:
        store: Prepared data set, for the shape of its images and the number of classes.
        model: The configuration's model section.
        seed: The run's seed.

    Raises:
        PlasticityError: If there is no such network.
    """
    return weights_of(build_model(model, store.image_shape, store.num_classes, torch_generator(seed, "fresh")))
