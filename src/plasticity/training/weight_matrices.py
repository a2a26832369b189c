"""The weight matrices of a network, for penalties on their singular values."""

from collections.abc import Mapping

from torch import Tensor

HEAD = "head."
"""How the names of the head's parameters begin, in every network."""


def weight_matrices(parameters: Mapping[str, Tensor], *, head: bool = True) -> dict[str, Tensor]:
    """Return the weights of linear layers and convolutions by name, each as a matrix (out, in · kernel).

    Args:
        parameters: All parameters by name.
        head: Whether the head's is one of them.
    """
    return {
        name: parameter.flatten(1)
        for name, parameter in parameters.items()
        if name.endswith("weight") and parameter.dim() > 1 and (head or not name.startswith(HEAD))
    }
