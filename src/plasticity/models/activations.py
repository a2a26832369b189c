"""Nonlinearities by name, with the gain that Kaiming's initialisation gives the layer before them."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Activation = Literal["relu", "leaky_relu", "tanh", "gelu", "crelu"]


class CReLU(nn.Module):
    """Concatenated ReLU (Shang et al. 2016): relu(x) beside relu(−x), two outputs of every unit.

    It keeps a network from losing plasticity by dead units: one of the two is always active (Abbas et al. 2023).
    """

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, units, ...) to (B, 2·units, ...)."""
        return self.relu(torch.cat([x, -x], 1))


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "crelu": CReLU,
}
_LIKE_RELU = {"gelu", "crelu"}  # half of the inputs' mean square passes, nearly for gelu and exactly for crelu


def gain(activation: str) -> float:
    """Return the factor of a layer's initial weights that keeps the mean square of what passes the nonlinearity."""
    if activation in _LIKE_RELU:
        return math.sqrt(2.0)
    return nn.init.calculate_gain(activation)  # pyright: ignore[reportArgumentType]


def outputs_per_unit(activation: str) -> int:
    """Return how many outputs the nonlinearity makes of one."""
    return 2 if activation == "crelu" else 1


ONE_OUTPUT = tuple(name for name in ACTIVATIONS if outputs_per_unit(name) == 1)
"""Nonlinearities that make one output of each unit."""
