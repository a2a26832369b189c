"""Hidden units that can be renewed one by one: what leads into a unit, what reads it, and how both are drawn."""

from dataclasses import dataclass
from itertools import pairwise

from torch import nn


@dataclass(frozen=True)
class Units:
    """The units of one hidden layer: neurons of a linear layer, or channels of a convolution.

    Attributes:
        incoming: Name of the layer whose outputs they are, one row of its weight for each unit.
        outgoing: Name of the layer that alone reads them; behind a flattened convolution it has several columns for
            each unit, side by side.
        norm: Name of the normalisation between the layer and the nonlinearity, with a scale and a shift for each unit.
        activation: Name of the nonlinearity.
        bound: Incoming weights are drawn from U(±bound).
        bias_bound: Their biases likewise; 0 for biases of zero.
        outgoing_bound: Outgoing weights likewise.
    """

    incoming: str
    outgoing: str
    norm: str | None
    activation: str
    bound: float
    bias_bound: float
    outgoing_bound: float


def chain_of_units(model: nn.Module, activation: str, bounds: dict[str, tuple[float, float]]) -> list[Units]:
    """Return the units of a network whose layers follow each other, each read by the next alone.

    Args:
        model: The network.
        activation: Name of its nonlinearity, which makes one output of each unit.
        bounds: By the name of a layer, the bounds that its weights and its biases are drawn within.
    """
    names = list(bounds)
    norms = _norms(model, names)
    return [
        Units(name, reader, norms.get(name), activation, *bounds[name], bounds[reader][0])
        for name, reader in pairwise(names)
    ]


def _norms(model: nn.Module, layers: list[str]) -> dict[str, str]:
    """Return by the name of a layer that of the normalisation behind it."""
    found, last = {}, ""
    for name, module in model.named_modules():
        if name in layers:
            last = name
        elif isinstance(module, nn.LayerNorm | nn.GroupNorm) and last:
            found[last] = name
    return found
