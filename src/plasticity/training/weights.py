"""Weights between a network and plain arrays by name."""

from collections.abc import Mapping

import torch
from numpy.typing import NDArray

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier


def weights_of(model: Classifier) -> dict[str, NDArray]:
    """Return copies of all parameters and buffers as arrays, by name."""
    return {name: tensor.detach().cpu().contiguous().numpy().copy() for name, tensor in model.state_dict().items()}


def load_weights(model: Classifier, weights: Mapping[str, NDArray]) -> None:
    """Put arrays into the network, on whatever device it is.

    Raises:
        PlasticityError: If names or shapes differ from the network's.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    got = {name: tuple(value.shape) for name, value in weights.items()}
    if expected != got:
        odd = sorted(set(expected.items()) ^ set(got.items()))[:3]
        raise PlasticityError(f"checkpoint does not fit the model: expected its names and shapes, differing: {odd}")
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=True)
