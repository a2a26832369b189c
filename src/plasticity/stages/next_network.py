"""The network that begins the next task of the train-test study: a checkpoint's body with a fresh head."""

from collections.abc import Mapping

from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.data.store import ImageStore
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.weights import load_weights, weights_of

_BODY = "body."


def fresh_network(model: Chosen, task: ImageStore, seed: int) -> Classifier:
    """Return a seed's fresh network for the task's classes, whose head all of its checkpoints get."""
    return build_model(model, task.image_shape, task.num_classes, torch_generator(seed, "next_task/init"))


def next_network(model: Chosen, task: ImageStore, seed: int, weights: Mapping[str, NDArray]) -> Classifier:
    """Return the network that begins the task, from the weights of a checkpoint."""
    network = fresh_network(model, task, seed)
    load_weights(network, {**weights_of(network), **body_of(weights)})
    return network


def body_of(weights: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return what a next task keeps of a network."""
    return {name: value for name, value in weights.items() if name.startswith(_BODY)}
