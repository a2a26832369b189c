import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import Parameter

from optimiser_problems import DTYPES, assert_equal_networks, descend, ours, small_network
from plasticity.errors import PlasticityError
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.optimisers.adam import Adam

THEIRS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
BETAS = [(0.9, 0.999), (0.99, 0.99), (0.9, 0.9), (0.0, 0.5)]


@pytest.mark.parametrize("name", THEIRS)
@settings(max_examples=30, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    learning_rate=st.sampled_from([0.001, 0.013]),
    betas=st.sampled_from(BETAS),
    eps=st.sampled_from([1e-8, 1e-3]),
    weight_decay=st.sampled_from([0.0, 0.0005, 0.1]),
    steps=st.integers(1, 6),
)
def test_every_bit_is_that_of_pytorch(
    name: str,
    dtype: torch.dtype,
    learning_rate: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    steps: int,
) -> None:
    mine, theirs = small_network(dtype), small_network(dtype)
    chosen = {"name": name, "betas": list(betas), "eps": eps}
    descend(ours(mine, chosen, learning_rate=learning_rate, weight_decay=weight_decay), mine, steps)
    options = {"lr": learning_rate, "betas": betas, "eps": eps, "weight_decay": weight_decay}
    descend(THEIRS[name](theirs.parameters(), **options), theirs, steps)
    assert_equal_networks(mine, theirs)


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_the_fused_step_is_that_of_pytorch(name: str, weight_decay: float) -> None:
    mine, theirs = small_network(), small_network()
    optimizer = ours(mine, {"name": name}, precision="fast", weight_decay=weight_decay)
    assert optimizer.fused
    assert optimizer.recordable
    descend(optimizer, mine, 5)
    descend(THEIRS[name](theirs.parameters(), lr=0.01, weight_decay=weight_decay, fused=True), theirs, 5)
    assert_equal_networks(mine, theirs)


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("eps_root", [0.0, 1e-3])
def test_stabiliser_inside_the_root(eps_root: float, decoupled: bool) -> None:
    """Against the definition, number by number."""
    rate, first, second, eps, decay = 0.05, 0.9, 0.8, 1e-4, 0.1
    weight = Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    name = "adamw" if decoupled else "adam"
    chosen = {"name": name, "betas": [first, second], "eps": eps, "eps_root": eps_root}
    module = torch.nn.ParameterDict({"weight": weight})
    optimizer = ours(module, chosen, learning_rate=rate, weight_decay=decay)
    assert optimizer.recordable is False
    expected, mean, square = [2.0, -1.0], [0.0, 0.0], [0.0, 0.0]
    for step in range(1, 6):
        gradients = [0.3 * step, -2.0 / step]
        weight.grad = torch.tensor(gradients, dtype=torch.float64)
        optimizer.step()
        for i, gradient in enumerate(gradients):
            g = gradient if decoupled else gradient + decay * expected[i]
            shrunk = expected[i] * (1 - rate * decay) if decoupled else expected[i]
            mean[i] = first * mean[i] + (1 - first) * g
            square[i] = second * square[i] + (1 - second) * g * g
            corrected = mean[i] / (1 - first**step), square[i] / (1 - second**step)
            expected[i] = shrunk - rate * corrected[0] / ((corrected[1] + eps_root) ** 0.5 + eps)
        assert weight.tolist() == pytest.approx(expected, rel=1e-12)


def test_stabiliser_of_zero_is_none() -> None:
    one, other = small_network(), small_network()
    descend(ours(one, {"name": "adam", "eps_root": 0.0}), one, 3)
    descend(ours(other, {"name": "adam"}), other, 3)
    assert_equal_networks(one, other)


def test_fast_has_no_kernel_for_the_stabiliser() -> None:
    optimizer = ours(small_network(), {"name": "adam", "eps_root": 0.001}, precision="fast")
    assert not optimizer.fused
    assert not optimizer.recordable


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_momentum_is_one_line(name: str) -> None:
    message = rf"^momentum: expected 0 with the optimizer {name}, which has none, got 0\.9$"
    with pytest.raises(PlasticityError, match=message):
        ours(small_network(), {"name": name}, momentum=0.9)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"betas": [0.9, 1.0]}, r"^optimizer\.betas\[1\]: expected a number >= 0 and < 1, got 1\.0$"),
        ({"betas": [0.9]}, r"^optimizer\.betas"),
        ({"eps": -1.0}, r"^optimizer\.eps: .*, got -1\.0$"),
        ({"epsilon": 1e-8}, r"^optimizer\.epsilon: "),
    ],
)
def test_bad_parameters_are_one_line(parameters: dict, message: str) -> None:
    with pytest.raises(PlasticityError, match=message) as error:
        ours(small_network(), {"name": "adam", **parameters})
    assert "\n" not in str(error.value)


def test_counts_are_by_parameter() -> None:
    used, late = Parameter(torch.ones(2)), Parameter(torch.ones(3))
    optimizer = BoundOptimiser(Adam(), {"used": used, "late": late}, learning_rate=0.1)
    for step in range(3):
        optimizer.zero_grad()
        (used.sum() + (late.sum() if step == 2 else 0)).backward()
        optimizer.step()
    assert {name: float(optimizer.slots_of(name)["step"]) for name in ("used", "late")} == {"used": 3, "late": 1}
