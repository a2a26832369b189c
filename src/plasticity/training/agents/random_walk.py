"""Networks that take random steps of the same lengths as the updates of others."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from plasticity.seeding import torch_generator

Weights = Mapping[str, Tensor]


class RandomWalk:
    """R networks that start with the weights of R others and take steps as long as theirs (Lyle et al. 2023, Fig. 2).

    Attributes:
        weights: Of the walking networks, (R, ...) by name.
    """

    def __init__(self, weights: Weights, seeds: Sequence[int]) -> None:
        """Start where the others are."""
        self.weights = {name: value.clone() for name, value in weights.items()}
        self._seeds = seeds
        self._generators: list[torch.Generator] = []

    def begin(self, period: int) -> None:
        """Draw from generators of a period's own, so that a walk goes on after a stop as without one."""
        self._generators = [torch_generator(seed, "agents/walk", period) for seed in self._seeds]

    @contextmanager
    def beside(self, weights: Weights) -> Iterator[None]:
        """Walk as far as the others' weights move meanwhile."""
        before = {name: value.clone() for name, value in weights.items()}
        yield
        with torch.no_grad():
            noise = self._noise()
            lengths = _norms({name: weights[name] - value for name, value in before.items()}) / _norms(noise)
            for name, value in self.weights.items():
                value.add_(noise[name] * lengths.view(-1, *[1] * (value.dim() - 1)))

    def _noise(self) -> Weights:
        """Return standard normal noise, (R, ...) by name; each network's is the same in whichever stack it is."""
        drawn: dict[str, list[Tensor]] = {name: [] for name in self.weights}
        for generator in self._generators:
            for name, value in self.weights.items():
                drawn[name].append(torch.randn(value.shape[1:], generator=generator))
        return {name: torch.stack(parts).to(self.weights[name]) for name, parts in drawn.items()}


def _norms(weights: Weights) -> Tensor:
    """Return the norm of all weights of each network, (R,)."""
    return torch.stack([value.flatten(1).norm(dim=1) for value in weights.values()]).norm(dim=0)
