"""A small network, and PyTorch's optimizers as what ours have to equal to the bit."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from plasticity.training.bound_optimiser import BoundOptimiser, bind_optimiser
from typed import optimisation

DTYPES = (torch.float32, torch.float64)


def small_network(dtype: torch.dtype = torch.float32, seed: int = 1) -> nn.Module:
    """A perceptron with batch-norm, its weights normal."""
    generator = torch.Generator().manual_seed(seed)
    made = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.BatchNorm1d(7), nn.Linear(7, 3)).to(dtype)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return made


def descend(
    optimizer: BoundOptimiser | torch.optim.Optimizer, network: nn.Module, steps: int, *, first: int = 0
) -> None:
    """Take some steps of a noisy problem, those behind the `first` ones."""
    dtype = next(network.parameters()).dtype
    for number in range(first, first + steps):
        generator = torch.Generator().manual_seed(number)
        inputs = torch.randn(8, 5, generator=generator, dtype=torch.float64).to(dtype)
        optimizer.zero_grad()
        network(inputs).square().mean().backward()
        optimizer.step()


def ours(
    network: nn.Module, optimizer: Mapping[str, Any], *, precision: str = "exact", **training: float
) -> BoundOptimiser:
    """Our optimizer of a network; `training` has what differs from a learning rate of 0.01 alone."""
    section = {"learning_rate": 0.01, "momentum": 0.0, "weight_decay": 0.0, **training, "optimizer": optimizer}
    return bind_optimiser(network, optimisation(section), precision)


def assert_equal_networks(found: nn.Module, expected: nn.Module) -> None:
    """Equal to the bit, and finite."""
    for mine, theirs in zip(found.parameters(), expected.parameters(), strict=True):
        assert torch.equal(mine, theirs), float((mine - theirs).abs().max())
        assert mine.isfinite().all()
