"""The freshly initialised network that a seed's interventions take weights from."""

from plasticity.config.component import Chosen
from plasticity.data.store import ImageStore
from plasticity.models.classifier import head_names
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.weights import weights_of
from plasticity.training.interventions.intervention import NetworkState


def fresh_state(store: ImageStore, model: Chosen, seed: int) -> NetworkState:
    """Return a fresh network, independent of the seed's initial one, as interventions see it.

    One draw serves all checkpoints of a seed, so that what differs between them is the checkpoint and not the noise.

    Args:
        store: Prepared data set, for the shape of its images and the number of classes.
        model: The network.
        seed: The run's seed.

    Raises:
        PlasticityError: If there is no such network.
    """
    network = build_model(model, store.image_shape, store.num_classes, torch_generator(seed, "fresh"))
    weights = weights_of(network)
    return NetworkState(
        weights=weights,
        fresh=weights,
        head=head_names(network),
        buffers=[name for name, _ in network.named_buffers()],
    )
