import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import references
from plasticity.training.penalties.nc1 import NC1
from plasticity.training.penalties.nc1 import nc1_of_batch as nc1
from small_problems import CLASSES, image_tensors, network


def batch(seed: int, labels: list[int], width: int = 5, dtype: torch.dtype = torch.float64) -> tuple:
    random = torch.Generator().manual_seed(seed)
    y = torch.tensor(labels)
    centres = 2 * torch.randn(10, width, generator=random, dtype=torch.float64)
    h = centres[y] + torch.randn(len(y), width, generator=random, dtype=torch.float64)
    return h.to(dtype).requires_grad_(), y


def value_and_gradient(h: torch.Tensor, y: torch.Tensor, classes: int) -> tuple[float, torch.Tensor]:
    h = h.detach().requires_grad_()
    value = nc1(h, y, classes)
    value.backward()
    assert h.grad is not None
    return value.item(), h.grad


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    labels=st.lists(st.integers(0, 5), min_size=4, max_size=20).filter(lambda labels: len(set(labels)) > 1),
    width=st.integers(2, 8),
)
def test_value_equals_the_textbook_trace_over_the_classes_present(seed: int, labels: list[int], width: int) -> None:
    h, y = batch(seed, labels, width)
    expected = references.nc1(h.detach().numpy(), y.numpy(), 6)
    assert nc1(h, y, 6).item() == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_float32_features_are_computed_in_float64() -> None:
    h, y = batch(0, [0, 1, 2] * 8, dtype=torch.float32)
    value = nc1(h, y, 3)
    assert value.dtype == torch.float64
    assert value.item() == pytest.approx(references.nc1(h.detach().numpy(), y.numpy(), 3), rel=1e-9)
    value.backward()
    assert h.grad is not None
    assert h.grad.dtype == torch.float32


@pytest.mark.parametrize(
    ("labels", "classes", "width"),
    [([0, 0, 1, 1, 2, 2, 2, 0], 3, 5), ([0, 3, 0, 3, 3, 1], 5, 4), ([0, 0, 1, 1, 1], 2, 3), ([0, 1, 2, 3] * 3, 4, 2)],
    ids=["balanced", "missing", "two", "narrow"],
)
def test_gradient(labels: list[int], classes: int, width: int) -> None:
    h, y = batch(1, labels, width)
    assert torch.autograd.gradcheck(lambda features: nc1(features, y, classes), (h,))


def test_missing_class_is_as_if_it_did_not_exist() -> None:
    h, y = batch(2, [0, 3, 0, 3, 1, 1, 3])
    squeezed = torch.tensor([0, 1, -1, 2])[y]
    (value, gradient), (expected, expected_gradient) = value_and_gradient(h, y, 9), value_and_gradient(h, squeezed, 3)
    assert value == pytest.approx(expected, rel=1e-12)
    torch.testing.assert_close(gradient, expected_gradient)


def test_value_and_direction_do_not_depend_on_position_scale_and_orientation() -> None:
    h, y = batch(3, [0, 1, 2] * 6)
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
    value, gradient = value_and_gradient(h, y, 3)
    moved, moved_gradient = value_and_gradient(3 * h @ rotation + 7, y, 3)
    assert moved == pytest.approx(value, rel=1e-9)
    torch.testing.assert_close(3 * moved_gradient @ rotation.T, gradient)
    assert float((gradient * h.detach()).sum()) == pytest.approx(
        0, abs=1e-10
    )  # constant under scaling: no radial gradient


@pytest.mark.parametrize("fill", [0.0, 0.1, -3.7e5])
def test_constant_features_are_zero_without_gradient(fill: float) -> None:
    value, gradient = value_and_gradient(torch.full((7, 4), fill), torch.tensor([0, 0, 1, 1, 2, 2, 2]), 3)
    assert value == 0.0
    assert not gradient.any()


@pytest.mark.parametrize("decades", [0, 6, 20])
def test_one_class_alone_is_zero_without_gradient(decades: int) -> None:
    random = torch.Generator().manual_seed(decades)
    spread = 10.0 ** -(decades * torch.rand(64, 16, generator=random))  # sums that float64 has to round
    h = torch.randn(64, 16, generator=random) * spread
    value, gradient = value_and_gradient(h, torch.full((64,), 2), 4)
    assert value == 0.0
    assert not gradient.any()


def test_coinciding_means_are_zero_whatever_the_order_of_their_sums() -> None:
    random = torch.Generator().manual_seed(1)
    half = torch.randn(31, 8, generator=random) * 10.0 ** -(12 * torch.rand(31, 8, generator=random))
    h = torch.cat([half, half[torch.randperm(31, generator=random)]])
    value, gradient = value_and_gradient(h, torch.arange(62) // 31, 2)
    assert value == 0.0
    assert not gradient.any()


def test_collinear_means_have_one_direction() -> None:
    h, y = batch(4, [0, 1, 2] * 8)
    h = h.detach()
    for c, place in enumerate((-1.0, 0.5, 3.0)):
        h[y == c] -= h[y == c].mean(0) - place * torch.tensor([1.0, 2, 0, 0, 1])
    value, gradient = value_and_gradient(h, y, 3)
    assert value == pytest.approx(references.nc1(h.numpy(), y.numpy(), 3), rel=1e-9)
    assert gradient.isfinite().all()
    assert gradient.abs().max() < 10


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), decades=st.floats(0, 12), missing=st.integers(0, 4))
def test_nearly_collinear_means_of_classes_some_of_which_are_missing(seed: int, decades: float, missing: int) -> None:
    random = torch.Generator().manual_seed(seed)
    y = torch.arange(40) % 5
    y = y[y != missing]
    line = torch.randn(6, generator=random, dtype=torch.float64)
    off_line = 10.0**-decades * torch.randn(5, 6, generator=random, dtype=torch.float64)
    centres = torch.linspace(-2, 2, 5, dtype=torch.float64)[:, None] * line + off_line
    noise = torch.randn(len(y), 6, generator=random, dtype=torch.float64)
    for c in y.unique():
        noise[y == c] -= noise[y == c].mean(0)  # or the noise itself would part the means
    value, gradient = value_and_gradient(centres[y] + noise, y, 5)
    assert np.isfinite(value)
    assert value >= 0
    assert gradient.isfinite().all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_features_that_are_not_finite_are_nan(bad: float) -> None:
    h, y = batch(5, [0, 1, 2] * 4)
    h = h.detach()
    h[4, 1] = bad
    value, _ = value_and_gradient(h, y, 3)
    assert np.isnan(value)


NASTY = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-6, 1e-3, 0.1, 1000.0, 1000.0001]),
    st.floats(-1000, 1000, width=32, allow_subnormal=False),
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), rows=st.integers(1, 12), width=st.integers(1, 5))
def test_adversarial_batches_stay_finite(data: st.DataObject, rows: int, width: int) -> None:
    features = data.draw(arrays.arrays(np.float32, (rows, width), elements=NASTY))
    labels = data.draw(st.lists(st.integers(0, 4), min_size=rows, max_size=rows))
    value, gradient = value_and_gradient(torch.from_numpy(features), torch.tensor(labels), 5)
    assert np.isfinite(value)
    assert value >= 0
    assert gradient.isfinite().all()


def test_term_is_weight_times_capped_value() -> None:
    value = torch.tensor(3.0, dtype=torch.float64)
    assert NC1(weight=-0.05).term(value).item() == pytest.approx(-0.15)
    assert NC1(weight=-0.05, cap=2.0).term(value).item() == pytest.approx(-0.1)
    assert NC1(weight=0.5, cap=200.0).term(value).item() == pytest.approx(1.5)


@pytest.mark.parametrize(("factor", "flows"), [(0.9, False), (1.1, True)])
def test_cap_stops_the_gradient_above_it(factor: float, flows: bool) -> None:
    h, y = batch(6, [0, 1, 2] * 4)
    value = nc1(h, y, 3)
    NC1(weight=1.0, cap=factor * value.item()).term(value).backward()
    assert h.grad is not None
    assert bool(h.grad.any()) is flows


@pytest.mark.parametrize("weight", [0.05, -0.05])
def test_weight_above_zero_lowers_nc1_and_below_raises_it(weight: float) -> None:
    model = network({"name": "mlp", "hidden": [16, 8], "activation": "tanh"}, seed=3)
    inputs, labels = image_tensors(40).batch(torch.arange(40))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005)
    values = []
    for _ in range(10):
        optimizer.zero_grad()
        value = nc1(model.features(inputs), labels, CLASSES)
        NC1(weight=weight).term(value).backward()
        optimizer.step()
        values.append(value.item())
    steps = np.diff(values) * np.sign(weight)
    assert (steps < 0).all(), values
    assert abs(np.log(values[-1] / values[0])) > 0.05
