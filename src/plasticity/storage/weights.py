"""Weights between a network and plain arrays by name, as checkpoints hold them."""

from collections.abc import Mapping

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity.errors import PlasticityError


def weights_of(model: nn.Module) -> dict[str, NDArray]:
    """Return copies of all parameters and buffers as arrays, by name."""
    return {name: tensor.detach().cpu().contiguous().numpy().copy() for name, tensor in model.state_dict().items()}


def load_weights(model: nn.Module, weights: Mapping[str, NDArray]) -> None:
    """Put arrays into the network, on whatever device it is.

    Raises:
        PlasticityError: If names or shapes differ from the network's.
    """
    require_alike(weights, model.state_dict())
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=True)


def require_alike(weights: Mapping[str, NDArray], others: Mapping[str, NDArray | Tensor]) -> None:
    """Refuse weights whose names and shapes are not those of others, a network's.

    Raises:
        PlasticityError: If they differ.
    """
    expected, got = ({name: tuple(value.shape) for name, value in each.items()} for each in (others, weights))
    if expected != got:
        odd = sorted(set(expected.items()) ^ set(got.items()))[:3]
        raise PlasticityError(f"checkpoint does not fit the model: expected its names and shapes, differing: {odd}")
