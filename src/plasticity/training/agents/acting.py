"""Actions one step at a time: a perceptron in NumPy, whose single products cost less there than PyTorch's calls."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from plasticity.models.classifier import Classifier

Outputs = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Observation (D,) -> outputs of the network (A,)."""
_PASSED = (nn.Flatten, nn.Identity)


def outputs_one_by_one(network: Classifier) -> Outputs:
    """Return the network as a function of single observations; it follows weights that are changed in place.

    Args:
        network: A network on the CPU, whose images are observations (1, 1, D). Perceptrons with ReLU or tanh are
            computed by NumPy, in float32 as by PyTorch, whose sums have another order.
    """
    modules = [each for each in network.body.children() if not isinstance(each, _PASSED)]
    if all(type(each) in (nn.Linear, nn.ReLU, nn.Tanh) for each in modules):
        return _by_numpy([*modules, network.head])
    return _by_torch(network)


def _by_numpy(modules: list[nn.Module]) -> Outputs:
    layers = [
        (each.weight.detach().numpy(), each.bias.detach().numpy()) if isinstance(each, nn.Linear) else type(each)
        for each in modules
    ]

    def outputs(observation: NDArray[np.float32]) -> NDArray[np.float32]:
        x = observation
        for layer in layers:
            if isinstance(layer, tuple):
                x = layer[0] @ x
                x += layer[1]
            elif layer is nn.ReLU:
                np.maximum(x, 0, out=x)
            else:
                np.tanh(x, out=x)
        return x

    return outputs


def _by_torch(network: Classifier) -> Outputs:
    def outputs(observation: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return network(torch.from_numpy(observation).view(1, 1, 1, -1))[0].numpy()

    return outputs
