import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import Parameter

from plasticity.training.sgd import SGD


def train(optimizer: SGD | torch.optim.Optimizer, network: nn.Module, steps: int) -> None:
    generator = torch.Generator().manual_seed(3)
    for _ in range(steps):
        inputs = torch.randn(8, 5, generator=generator)
        optimizer.zero_grad()
        network(inputs).square().mean().backward()
        optimizer.step()


def network() -> nn.Module:
    torch_state = torch.Generator().manual_seed(1)
    made = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.BatchNorm1d(7), nn.Linear(7, 3))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_state))
    return made


@settings(max_examples=25, deadline=None)
@given(
    learning_rate=st.sampled_from([0.001, 0.013, 0.1]),
    momentum=st.sampled_from([0.0, 0.9, 0.37]),
    weight_decay=st.sampled_from([0.0, 0.0005, 0.1]),
    steps=st.integers(1, 6),
)
def test_every_bit_is_that_of_pytorch(learning_rate: float, momentum: float, weight_decay: float, steps: int) -> None:
    ours, theirs = network(), network()
    options: Any = {"momentum": momentum, "weight_decay": weight_decay}
    train(SGD(ours.parameters(), learning_rate=learning_rate, **options), ours, steps)
    train(torch.optim.SGD(theirs.parameters(), lr=learning_rate, **options), theirs, steps)
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(found, expected)
        assert found.isfinite().all()


@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.0, 0.0), (0.9, 0.0), (0.9, 0.01), (0.0, 0.01)])
def test_the_fused_step_is_that_of_pytorch(momentum: float, weight_decay: float) -> None:
    ours, theirs = network(), network()
    options: Any = {"momentum": momentum, "weight_decay": weight_decay, "fused": True}
    train(SGD(ours.parameters(), learning_rate=0.01, **options), ours, 5)
    train(torch.optim.SGD(theirs.parameters(), lr=0.01, **options), theirs, 5)
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_step_by_hand() -> None:
    weight = Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = SGD([weight], learning_rate=0.1, momentum=0.5, weight_decay=0.25)
    for expected in (2 - 0.1 * 3.5, 1.65 - 0.1 * (0.5 * 3.5 + 3 + 0.25 * 1.65)):
        weight.grad = torch.tensor([3.0], dtype=torch.float64)
        optimizer.step()
        assert weight.item() == pytest.approx(expected, rel=1e-15)


def test_parameters_without_gradient_are_left_alone() -> None:
    used, unused = Parameter(torch.ones(2)), Parameter(torch.ones(3))
    optimizer = SGD([used, unused], learning_rate=0.1, momentum=0.9, weight_decay=0.1)
    used.sum().backward()
    optimizer.step()
    assert torch.equal(unused, torch.ones(3))
    assert unused not in optimizer.velocity
    optimizer.zero_grad()
    assert used.grad is None


def test_velocity_is_a_copy_of_the_gradient() -> None:
    weight = Parameter(torch.ones(2))
    optimizer = SGD([weight], learning_rate=0.1, momentum=0.9, weight_decay=0.0)
    weight.sum().backward()
    optimizer.step()
    assert weight.grad is not None
    weight.grad.zero_()
    assert torch.equal(optimizer.velocity[weight], torch.ones(2))


def test_training_does_not_import_the_compiler() -> None:
    code = (
        "import sys, torch; from plasticity.training.sgd import SGD; p = torch.nn.Parameter(torch.ones(2));"
        "o = SGD([p], learning_rate=.1, momentum=.9, weight_decay=.1); p.sum().backward(); o.step();"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
