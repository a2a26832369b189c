"""What is said where a network is finite and the numbers on the way to its curvature are not."""

import torch
from torch import Tensor

from plasticity.errors import PlasticityError


class NotFinite(PlasticityError):
    """Numbers that are not finite: the network has diverged, or is about to."""


def checked(values: Tensor, what: str) -> Tensor:
    """Return values.

    Raises:
        NotFinite: If not all of them are finite; `what` says what they are.
    """
    if not bool(torch.isfinite(values).all()):
        raise NotFinite(f"expected finite {what}, got others: the network has diverged")
    return values
