import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import references
from plasticity.metrics.declared import collapse
from plasticity.metrics.statistics import ClassStatistics, StatisticsStream


def statistics(features: np.ndarray, labels: np.ndarray, classes: int) -> ClassStatistics:
    stream = StatisticsStream(classes, features.shape[1])
    stream.update(torch.from_numpy(features), torch.from_numpy(labels))
    return stream.result()


def every_metric(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, predictions: np.ndarray
) -> dict[str, float]:
    s = statistics(features, labels, len(weights))
    w = torch.from_numpy(weights)
    return {
        "nc1": collapse.nc1(s),
        "nc2": collapse.nc2(w),
        "nc3": collapse.nc3(w, s),
        "nc4": collapse.nc4(torch.from_numpy(predictions), torch.from_numpy(features), s),
        "equinorm": collapse.equinorm(s.centred_means),
        "equiangular": collapse.equiangular(s.centred_means),
        "maximal_angle": collapse.maximal_angle(s.centred_means),
        "self_duality": collapse.nc3_self_duality(w, s),
        "cdnv": collapse.cdnv(s),
    }


def every_reference(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, predictions: np.ndarray
) -> dict[str, float]:
    classes = len(weights)
    centred = references.moments(features, labels, classes).centred
    return {
        "nc1": references.nc1(features, labels, classes),
        "nc2": references.nc2(weights),
        "nc3": references.nc3(weights, features, labels),
        "nc4": references.nc4(predictions, features, labels, classes),
        "equinorm": references.equinorm(centred),
        "equiangular": references.equiangular(centred),
        "maximal_angle": references.maximal_angle(centred),
        "self_duality": references.self_duality(weights, features, labels),
        "cdnv": references.cdnv(features, labels, classes),
    }


def unit_simplex(classes: int, width: int, seed: int = 0) -> np.ndarray:
    """The vertices (C, d) of a regular simplex around the origin, at distance 1, in a random orientation."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))
    vertices = np.eye(classes) - 1 / classes
    directions = np.linalg.svd(vertices)[2][: classes - 1]
    return vertices @ directions.T @ basis[: classes - 1] / np.sqrt(1 - 1 / classes)


def problem(seed: int, counts: list[int], width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Random features, labels, weights and predictions; `counts` are the images per class."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    centres = 2 * random.normal(size=(len(counts), width))
    features = centres[labels] + random.normal(size=(len(labels), width)) + 3
    weights = random.normal(size=(len(counts), width))
    return features, labels, weights, random.integers(0, len(counts), len(labels))


@pytest.mark.parametrize(("classes", "width"), [(2, 1), (3, 2), (4, 3), (5, 12), (10, 64)])
def test_complete_collapse(classes: int, width: int) -> None:
    vertices = unit_simplex(classes, width)
    labels = np.repeat(np.arange(classes), 5)
    features = 7 * vertices[labels] + np.linspace(1, 2, width)
    got = every_metric(features, labels, 0.3 * vertices, labels)
    assert got.pop("nc4") == 1.0
    for name, value in got.items():
        assert value == pytest.approx(0.0, abs=1e-7 if name in {"nc2", "nc3"} else 1e-12), name


@pytest.mark.parametrize(("classes", "width", "sigma"), [(2, 2, 0.1), (4, 6, 0.2), (10, 16, 0.4)])
def test_isotropic_spread_around_a_simplex_has_a_closed_form(classes: int, width: int, sigma: float) -> None:
    star = sigma * np.concatenate([np.eye(width), -np.eye(width)])  # covariance σ²/d · I, to the digit
    labels = np.repeat(np.arange(classes), 2 * width)
    features = 5 + unit_simplex(classes, width)[labels] + np.tile(star, (classes, 1))
    s = statistics(features, labels, classes)
    assert collapse.nc1(s) == pytest.approx(sigma**2 / width * (classes - 1) ** 2 / classes, rel=1e-10)
    assert collapse.cdnv(s) == pytest.approx(sigma**2 * (classes - 1) / (2 * classes), rel=1e-10)
    assert collapse.equinorm(s.centred_means) == pytest.approx(0, abs=1e-12)
    assert collapse.nc4(torch.from_numpy(labels), torch.from_numpy(features), s) == 1.0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    counts=st.lists(st.integers(1, 12), min_size=3, max_size=7),
    width=st.integers(2, 9),
)
def test_every_metric_equals_its_slow_reference(seed: int, counts: list[int], width: int) -> None:
    made = problem(seed, counts, width)
    got, expected = every_metric(*made), every_reference(*made)
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize(("counts", "width"), [([40, 3, 9, 1, 20], 3), ([5] * 10, 32), ([30, 2], 8), ([4, 9, 6], 1)])
def test_nc1_equals_the_textbook_trace(counts: list[int], width: int) -> None:
    features, labels, _, _ = problem(3, counts, width)
    expected = references.nc1(features, labels, len(counts))
    assert collapse.nc1(statistics(features, labels, len(counts))) == pytest.approx(expected, rel=1e-8)


def test_nc1_cuts_the_direction_in_which_the_means_do_not_differ() -> None:
    labels = np.repeat(np.arange(3), 20)
    features = np.random.default_rng(0).normal(size=(60, 4))
    for c in range(3):
        features[labels == c] -= features[labels == c].mean(0)
    features[:, 0] += np.array([-1.0, 0.0, 2.0])[labels]  # collinear means: Σ_B has rank 1
    expected = references.nc1(features, labels, 3)
    assert collapse.nc1(statistics(features, labels, 3)) == pytest.approx(expected, rel=1e-8)
    assert expected < 10


@given(seed=st.integers(0, 2**32), scale=st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_invariances(seed: int, scale: float) -> None:
    features, labels, weights, predictions = problem(seed, [6, 9, 4, 11], 7)
    before = every_metric(features, labels, weights, predictions)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(7, 7)))
    rotated = every_metric(features @ rotation, labels, weights @ rotation, predictions)
    moved = every_metric(scale * features - 4, labels, weights / scale, predictions)
    relabelled = np.array([2, 0, 3, 1])
    undo = np.argsort(relabelled)
    renamed = every_metric(features, relabelled[labels], weights[undo], relabelled[predictions])
    for name, value in before.items():
        for after in (rotated, moved, renamed):
            assert after[name] == pytest.approx(value, rel=1e-7, abs=1e-9), name


def test_absent_class_is_as_if_it_did_not_exist() -> None:
    features, labels, weights, predictions = problem(5, [8, 0, 13, 5], 6)
    squeezed = np.array([0, -1, 1, 2])
    kept = predictions != 1
    got = every_metric(features, labels, weights, predictions)
    expected = every_metric(features, squeezed[labels], weights[[0, 2, 3]], np.where(kept, squeezed[predictions], 9))
    for name in expected.keys() - {"nc2"}:  # NC2 is the classifier's alone and keeps its rows
        assert got[name] == pytest.approx(expected[name], rel=1e-12), name


def test_absent_class_is_never_the_nearest() -> None:
    features = np.array([[5.0, 5.0], [5.1, 5.0], [-5.0, 5.0], [-5.1, 5.0], [0.01, 0.0]])  # the last is at the origin
    labels = np.array([1, 1, 2, 2, 2])
    s = statistics(features, labels, 3)
    assert collapse.nc4(torch.tensor([1, 1, 2, 2, 2]), torch.from_numpy(features), s) == 1.0


def test_nc4_of_float32_features_far_from_the_origin() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 300)
    features = (1e6 + np.array([[0, 0], [0.5, 0], [0, 0.5]])[labels] + random.normal(0, 0.1, (300, 2))).astype("f4")
    expected = references.nearest_class(features, labels, 3)
    s = statistics(features, labels, 3)
    assert collapse.nc4(torch.from_numpy(expected), torch.from_numpy(features), s) == 1.0


def test_nc4_over_several_blocks() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 20_000)
    features = random.normal(np.array([[0, 0], [2, 0], [0, 2]])[labels], 1.0)
    s = statistics(features, labels, 3)
    distances = ((features[:, None] - s.means.numpy()) ** 2).sum(2)
    expected = float(np.mean(distances.argmin(1) == labels))
    assert collapse.nc4(torch.from_numpy(labels), torch.from_numpy(features), s) == expected
    assert 0.5 < expected < 0.99


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_nan(bad: float) -> None:
    features, labels, weights, predictions = problem(1, [5, 5, 5], 4)
    features[3, 2] = bad
    got = every_metric(features, labels, weights, predictions)
    assert np.isfinite(got.pop("nc2"))
    assert np.isnan(list(got.values())).all(), got


def test_features_that_are_all_zero_are_nan() -> None:
    _, labels, weights, predictions = problem(1, [5, 5, 5], 4)
    got = every_metric(np.zeros((15, 4)), labels, weights, predictions)
    structure = ("nc1", "nc3", "equinorm", "equiangular", "maximal_angle", "self_duality", "cdnv")
    assert np.isnan([got[name] for name in structure]).all(), got


def test_one_class_alone_is_nan() -> None:
    features, labels, _, _ = problem(1, [9], 4)
    s = statistics(features, labels, 3)
    assert np.isnan([collapse.nc1(s), collapse.cdnv(s), collapse.nc3_self_duality(torch.ones(3, 4), s)]).all()
    assert np.isnan([collapse.equiangular(s.centred_means), collapse.maximal_angle(s.centred_means)]).all()


def test_one_class_alone_is_nan_whatever_rounding_leaves_of_its_mean() -> None:
    counts, means = torch.tensor([49.0, 0.0]).double(), torch.zeros(2, 64, dtype=torch.float64)
    means[0] = torch.from_numpy(np.random.default_rng(0).random(64))
    s = ClassStatistics(counts, means, torch.eye(64, dtype=torch.float64), torch.tensor([64.0, 0.0]).double())
    assert s.centred_means.any()  # 49 times x, over 49, is not always x
    assert np.isnan(collapse.nc1(s))


def test_classifier_of_zeros_is_nan() -> None:
    assert np.isnan(collapse.nc2(torch.zeros(3, 4)))
    assert np.isnan(collapse.equiangular(torch.zeros(3, 4)))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_simplex_etf(classes: int) -> None:
    frame = collapse.simplex_etf(classes)
    assert frame.dtype == torch.float64
    np.testing.assert_allclose(frame.numpy(), references.simplex(classes), atol=1e-15)
    assert float(frame.norm()) == pytest.approx(1.0)
