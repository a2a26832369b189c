import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import references
from plasticity.metrics.declared import capacity
from plasticity.metrics.declared.capacity import ActiveUnits, watch_units


def ranks(features: np.ndarray) -> dict[str, float]:
    singular = capacity.singular_values(torch.from_numpy(features.T @ features))
    return {
        "effective_rank": capacity.effective_rank(singular),
        "stable_rank": capacity.stable_rank(singular),
        "approximate_rank": capacity.approximate_rank(singular),
    }


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), rows=st.integers(1, 25), width=st.integers(1, 10), decay=st.floats(0.3, 1.0))
def test_ranks_equal_those_of_the_feature_matrix(seed: int, rows: int, width: int, decay: float) -> None:
    features = np.random.default_rng(seed).normal(size=(rows, width)) * decay ** np.arange(width)
    got, expected = ranks(features), references.ranks(features)
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, rel=1e-5), name


def test_singular_values_are_descending_and_exact() -> None:
    features = np.random.default_rng(0).normal(size=(30, 6))
    got = capacity.singular_values(torch.from_numpy(features.T @ features)).numpy()
    np.testing.assert_allclose(got, np.linalg.svd(features, compute_uv=False), rtol=1e-12)


@pytest.mark.parametrize(("rank", "width", "mass"), [(1, 5, 1), (6, 6, 6), (10, 24, 10), (200, 200, 198)])
def test_orthonormal_rows_have_full_rank(rank: int, width: int, mass: int) -> None:
    rows = np.linalg.qr(np.random.default_rng(0).normal(size=(width, width)))[0][:rank]
    got = ranks(rows)
    assert got["effective_rank"] == pytest.approx(rank, rel=1e-4)
    assert got["stable_rank"] == pytest.approx(rank, rel=1e-10)
    assert got["approximate_rank"] in {mass, mass + 1 if rank == 200 else mass}  # 198 of 200 lie at the very cut


def test_rank_one() -> None:
    features = np.outer(np.arange(1.0, 9.0), [1.0, -2.0, 0.5])
    assert ranks(features) == pytest.approx({"effective_rank": 1, "stable_rank": 1, "approximate_rank": 1}, rel=1e-5)


def test_known_spectrum() -> None:
    singular = torch.tensor([3.0, 1.0], dtype=torch.float64)
    assert capacity.effective_rank(singular) == pytest.approx(
        math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    )
    assert capacity.stable_rank(singular) == pytest.approx(10 / 9)
    assert capacity.approximate_rank(singular) == 2
    assert capacity.approximate_rank(singular, mass=0.9) == 1


def test_features_of_zeros_have_no_rank() -> None:
    got = ranks(np.zeros((5, 4)))
    assert math.isnan(got["effective_rank"])
    assert math.isnan(got["stable_rank"])
    assert got["approximate_rank"] == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_nan(bad: float) -> None:
    features = np.ones((5, 4))
    features[2, 1] = bad
    with np.errstate(invalid="ignore"):
        got = ranks(features)
    assert all(math.isnan(value) for value in got.values()), got


def test_weight_norm_is_that_of_all_parameters() -> None:
    linear = nn.Linear(1, 2)
    model = nn.Sequential(linear, nn.BatchNorm1d(2))
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[3.0], [4.0]]))
        linear.bias.copy_(torch.tensor([1.0, 2.0]))
    assert capacity.weight_norm(model) == pytest.approx(math.sqrt(9 + 16 + 1 + 4 + 2))  # batch-norm's scale counts
    single = nn.Linear(1, 1, bias=False)
    nn.init.constant_(single.weight, 1e25)  # its square overflows float32
    assert capacity.weight_norm(single) == pytest.approx(1e25)


class Handmade(nn.Module):
    """Three channels, of which one is dead, and four units, of which two are; the images are not negative."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 1)
        self.relu1 = nn.ReLU(inplace=True)
        self.linear = nn.Linear(3, 4)
        self.relu2 = nn.ReLU()
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, -1.0, 1.0]).view(3, 1, 1, 1))
            self.conv.bias = nn.Parameter(torch.tensor([0.0, 0.0, -0.75]))  # the last lives on bright pixels alone
            self.linear.weight.copy_(torch.tensor([[1, 0, 0], [-1, 0, 0], [0, 5, 0], [0, 0, 1]]).float())
            self.linear.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu2(self.linear(self.relu1(self.conv(x)).amax((2, 3))))


def test_dead_units_of_a_handmade_network() -> None:
    model, units = Handmade(), ActiveUnits()
    dim, bright = torch.full((2, 1, 3, 3), 0.5), torch.full((2, 1, 3, 3), 0.5)
    bright[1, 0, 2, 2] = 1.0  # one pixel of one image
    with watch_units(model, units):
        model(dim)
    assert units.active["relu1"].tolist() == [True, False, False]
    assert units.active["relu2"].tolist() == [True, False, False, False]
    assert units.dead_fraction() == pytest.approx(5 / 7)
    with watch_units(model, units):
        model(bright)
        model(dim)
    assert units.active["relu1"].tolist() == [True, False, True]
    assert units.active["relu2"].tolist() == [True, False, False, True]
    assert units.dead_fraction() == pytest.approx(3 / 7)


@pytest.mark.parametrize("image", [0, 31, 32, 99])
def test_one_image_anywhere_in_a_batch_keeps_a_unit_alive(image: int) -> None:
    units, output = ActiveUnits(), torch.zeros(100, 3, 2, 2)
    output[:, 0] = 1.0
    output[image, 1, 1, 0] = 1e-6
    units.record("relu", output)
    assert units.active["relu"].tolist() == [True, True, False]


def test_nothing_is_watched_outside_the_block() -> None:
    model, units = Handmade(), ActiveUnits()
    with pytest.raises(KeyError), watch_units(model, units):
        raise KeyError
    model(torch.ones(1, 1, 2, 2))
    assert units.active == {}
    assert all(not module._forward_hooks for module in model.modules())
    assert math.isnan(units.dead_fraction())
