from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import Parameter

from optimiser_problems import DTYPES, assert_equal_networks, descend, ours, small_network
from plasticity.errors import PlasticityError
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.optimisers.sgd import SGD


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    learning_rate=st.sampled_from([0.001, 0.013, 0.1]),
    momentum=st.sampled_from([0.0, 0.9, 0.37]),
    weight_decay=st.sampled_from([0.0, 0.0005, 0.1]),
    nesterov=st.booleans(),
    steps=st.integers(1, 6),
)
def test_every_bit_is_that_of_pytorch(
    dtype: torch.dtype, learning_rate: float, momentum: float, weight_decay: float, nesterov: bool, steps: int
) -> None:
    mine, theirs = small_network(dtype), small_network(dtype)
    options: Any = {"momentum": momentum, "weight_decay": weight_decay}
    nesterov = nesterov and momentum > 0
    descend(ours(mine, {"name": "sgd", "nesterov": nesterov}, learning_rate=learning_rate, **options), mine, steps)
    descend(torch.optim.SGD(theirs.parameters(), lr=learning_rate, nesterov=nesterov, **options), theirs, steps)
    assert_equal_networks(mine, theirs)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.0, 0.0), (0.9, 0.0), (0.9, 0.01), (0.0, 0.01)])
def test_the_fused_step_is_that_of_pytorch(momentum: float, weight_decay: float, nesterov: bool) -> None:
    mine, theirs = small_network(), small_network()
    nesterov = nesterov and momentum > 0
    options: Any = {"momentum": momentum, "weight_decay": weight_decay}
    descend(ours(mine, {"name": "sgd", "nesterov": nesterov}, precision="fast", **options), mine, 5)
    fused = torch.optim.SGD(theirs.parameters(), lr=0.01, fused=True, nesterov=nesterov, **options)
    descend(fused, theirs, 5)
    assert_equal_networks(mine, theirs)


def test_a_step_by_hand() -> None:
    weight = Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = BoundOptimiser(SGD(), {"weight": weight}, learning_rate=0.1, momentum=0.5, weight_decay=0.25)
    for expected in (2 - 0.1 * 3.5, 1.65 - 0.1 * (0.5 * 3.5 + 3 + 0.25 * 1.65)):
        weight.grad = torch.tensor([3.0], dtype=torch.float64)
        optimizer.step()
        assert weight.item() == pytest.approx(expected, rel=1e-15)


def test_velocity_is_a_copy_of_the_gradient() -> None:
    weight = Parameter(torch.ones(2))
    optimizer = BoundOptimiser(SGD(), {"weight": weight}, learning_rate=0.1, momentum=0.9)
    weight.sum().backward()
    optimizer.step()
    assert weight.grad is not None
    weight.grad.zero_()
    assert torch.equal(optimizer.slots_of("weight")["velocity"], torch.ones(2))


def test_plain_descent_keeps_nothing() -> None:
    network = small_network()
    optimizer = ours(network, {"name": "sgd"})
    descend(optimizer, network, 2)
    assert optimizer.state() == {}


def test_nesterov_without_momentum_is_one_line() -> None:
    with pytest.raises(PlasticityError, match=r"^momentum: expected more than 0 with optimizer\.nesterov, got 0$"):
        ours(small_network(), {"name": "sgd", "nesterov": True})
