"""Where the networks of a stack come from, for hooks that draw random numbers or fresh weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from plasticity.training.online.stack import Network

if TYPE_CHECKING:
    import torch

    from plasticity.models.units import Units

Fresh = Callable[["torch.Generator"], Network]
"""From a generator to the tensors of a freshly initialised network."""


@dataclass(frozen=True)
class Origin:
    """Where the networks of a stack come from.

    Attributes:
        seeds: The seed of each.
        purpose: Names the training in the streams of random numbers.
        fresh: Draws a fresh network.
        units: The units of each hidden layer.
    """

    seeds: Sequence[int]
    purpose: str = "online"
    fresh: Fresh | None = None
    units: "Sequence[Units]" = ()

    def of(self, replicas: Sequence[int]) -> "Origin":
        """Return the origin of some of the networks."""
        return replace(self, seeds=[self.seeds[replica] for replica in replicas])
