from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import references
from plasticity.metrics.statistics import ClassStatistics, StatisticsStream


def streamed(features: np.ndarray, labels: np.ndarray, classes: int, cuts: list[int]) -> ClassStatistics:
    stream = StatisticsStream(classes, features.shape[1])
    bounds = [0, *sorted(cuts), len(features)]
    for start, stop in pairwise(bounds):
        stream.update(torch.from_numpy(features[start:stop]), torch.from_numpy(labels[start:stop]))
    return stream.result()


def assert_equal_to_reference(got: ClassStatistics, features: np.ndarray, labels: np.ndarray, rtol: float) -> None:
    expected = references.moments(features, labels, len(got.counts))
    np.testing.assert_array_equal(got.counts.numpy(), expected.counts)
    for name in ("means", "scatter", "class_scatter", "global_mean"):
        value = getattr(expected, name)
        scale = np.abs(value).max(initial=0.0)
        np.testing.assert_allclose(getattr(got, name).numpy(), value, rtol=rtol, atol=rtol * scale, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 30), width=st.integers(1, 6), classes=st.integers(1, 6))
def test_any_batching_and_order_equals_the_two_pass_loop(
    data: st.DataObject, count: int, width: int, classes: int
) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    present = data.draw(st.lists(st.integers(0, classes - 1), min_size=1, unique=True))
    labels = random.choice(present, count)
    features = random.normal(labels[:, None], 2.0, (count, width))
    cuts = data.draw(st.lists(st.integers(0, count), max_size=6))  # empty batches among them
    order = random.permutation(count)
    got = streamed(features[order], labels[order], classes, cuts)
    assert_equal_to_reference(got, features, labels, rtol=1e-11)
    assert set(got.present.tolist()) <= set(present)


def test_collapsed_features_far_from_the_origin_do_not_cancel() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400)
    features = 1e6 + labels[:, None] + 1e-3 * random.normal(size=(400, 4))
    got = streamed(features, labels, 3, [1, 7, 100, 101, 350])
    expected = references.moments(features, labels, 3)
    np.testing.assert_allclose(got.scatter.numpy(), expected.scatter, rtol=0, atol=1e-6 * expected.scatter.max())
    np.testing.assert_allclose(got.class_scatter.numpy(), expected.class_scatter, rtol=1e-6)
    raw = features.T @ features - expected.means.T @ (expected.counts[:, None] * expected.means)
    assert np.abs(raw - expected.scatter).max() > expected.scatter.max()  # raw moments lose every digit here


def test_float32_features_are_accumulated_in_float64() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 200)
    features = (100 + random.normal(size=(200, 5))).astype(np.float32)
    got = streamed(features, labels, 3, [50, 120])
    assert {value.dtype for value in vars(got).values()} == {torch.float64}
    assert_equal_to_reference(got, features, labels, rtol=1e-11)


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, ClassStatistics]:
    random = np.random.default_rng(2)
    labels = random.choice([0, 1, 3], 50, p=[0.6, 0.3, 0.1])  # class 2 of 4 is absent
    features = random.normal(labels[:, None], 1.0, (50, 6))
    return features, labels, streamed(features, labels, 4, [20])


def test_derived_quantities(sample: tuple[np.ndarray, np.ndarray, ClassStatistics]) -> None:
    features, labels, got = sample
    expected = references.moments(features, labels, 4)
    np.testing.assert_allclose(got.within_covariance.numpy(), expected.scatter / 50, atol=1e-12)
    np.testing.assert_allclose(got.second_moment.numpy(), features.T @ features, atol=1e-10)
    np.testing.assert_allclose(got.global_mean.numpy(), features.mean(0), atol=1e-13)
    np.testing.assert_allclose(got.centred_means.numpy(), expected.centred, atol=1e-13)
    assert float(got.class_scatter.sum()) == pytest.approx(float(got.scatter.trace()), rel=1e-13)


def test_absent_class_has_a_zero_row_and_no_part(sample: tuple[np.ndarray, np.ndarray, ClassStatistics]) -> None:
    _, _, got = sample
    assert got.present.tolist() == [0, 1, 3]
    assert got.centred_means.shape == (3, 6)
    assert not got.means[2].any()
    weighted = got.counts[got.present][:, None] * got.centred_means
    np.testing.assert_allclose(weighted.sum(0).numpy(), 0.0, atol=1e-12)


def test_result_is_not_changed_by_later_batches() -> None:
    stream = StatisticsStream(2, 3)
    stream.update(torch.ones(4, 3), torch.tensor([0, 0, 1, 1]))
    first = stream.result()
    before = {name: value.clone() for name, value in vars(first).items()}
    stream.update(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 0, 1, 1]))
    assert all(torch.equal(getattr(first, name), value) for name, value in before.items())
    assert stream.result().counts.tolist() == [4, 5]
