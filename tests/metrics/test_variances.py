"""Variances of Hui et al. against slow oracles in float64, closed forms and properties."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from plasticity.metrics.variances import (
    Clustering,
    Features,
    between_variance,
    centres,
    class_means,
    cluster_centres,
    labelled_variance,
    nearest_variance,
    variances,
)

CLUSTERING = Clustering(restarts=3, seed=1)


def drawn(seed: int, *, images: int = 60, width: int = 5, classes: int = 4) -> Features:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.arange(classes), torch.randint(0, classes, (images - classes,), generator=generator)])
    offsets = 3 * torch.randn(classes, width, generator=generator)
    return Features(offsets[labels] + torch.randn(images, width, generator=generator), labels)


def slow_labelled(values: Tensor, labels: Tensor, means: np.ndarray) -> float:
    """Image by image and class by class, in plain Python."""
    within = [math.dist(h, means[y]) ** 2 for h, y in zip(values.double().tolist(), labels.tolist(), strict=True)]
    middle = [sum(column) / len(means) for column in zip(*means.tolist(), strict=True)]
    between = [math.dist(mean, middle) ** 2 for mean in means.tolist()]
    return (sum(within) / len(within)) / (sum(between) / len(between))


def slow_nearest(values: Tensor, points: np.ndarray) -> float:
    within = [min(math.dist(h, point) ** 2 for point in points.tolist()) for h in values.double().tolist()]
    middle = [sum(column) / len(points) for column in zip(*points.tolist(), strict=True)]
    between = [math.dist(point, middle) ** 2 for point in points.tolist()]
    return (sum(within) / len(within)) / (sum(between) / len(between))


def slow_means(features: Features, classes: int) -> np.ndarray:
    values, labels = features.values.double().numpy(), features.labels.numpy()
    return np.array([values[labels == c].mean(axis=0) for c in range(classes)])


@pytest.mark.parametrize("seed", range(3))
def test_variances_equal_the_slow_oracle(seed: int) -> None:
    train, test = drawn(seed), drawn(seed + 10, images=37)
    against = centres(train, test, 4, CLUSTERING)
    found = variances(train, test, against)
    assert found["train_variance"] == pytest.approx(slow_labelled(train.values, train.labels, slow_means(train, 4)))
    assert found["strong_test_variance"] == pytest.approx(slow_labelled(test.values, test.labels, slow_means(test, 4)))
    assert found["weak_test_variance"] == pytest.approx(slow_nearest(test.values, against.clusters.numpy()))


@pytest.mark.parametrize("seed", range(3))
def test_centres_of_another_network_are_taken_as_they_are(seed: int) -> None:
    early, late = drawn(seed), drawn(seed + 10)
    against = centres(late, late, 4, CLUSTERING)
    found = variances(early, early, against)
    means = slow_means(late, 4)
    assert found["train_variance"] == pytest.approx(slow_labelled(early.values, early.labels, means))
    assert found["weak_test_variance"] == pytest.approx(slow_nearest(early.values, against.clusters.numpy()))


def test_two_classes_on_a_line() -> None:
    """Class means at −2 and 2, images one to either side of them: 1 / 4."""
    features = Features(torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]), torch.tensor([0, 0, 1, 1]))
    assert class_means(features, 2).tolist() == [[-2.0], [2.0]]
    assert labelled_variance(features, class_means(features, 2)) == 0.25
    assert nearest_variance(features, torch.tensor([[-2.0], [2.0]], dtype=torch.float64)) == 0.25
    # Labels that are swapped: distances of 1 and 5 to the means of the other class.
    swapped = Features(features.values, 1 - features.labels)
    assert labelled_variance(swapped, class_means(features, 2)) == (9 + 25) / 2 / 4


def test_every_class_counts_the_same_between_and_every_image_within() -> None:
    """Means 0 and 3 lie at 9/4 of their middle whatever the classes' sizes; one image of four is off, by 4."""
    features = Features(torch.tensor([[0.0], [0.0], [0.0], [5.0]]), torch.tensor([0, 0, 0, 1]))
    means = torch.tensor([[0.0], [3.0]], dtype=torch.float64)
    assert between_variance(means) == 2.25
    assert labelled_variance(features, means) == 4 / 4 / 2.25


def test_collapsed_features_have_no_variance() -> None:
    labels = torch.arange(4).repeat(10)
    features = Features(torch.eye(4)[labels], labels)
    found = variances(features, features, centres(features, features, 4, CLUSTERING))
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-30)


def test_nearly_collapsed_features_do_not_cancel() -> None:
    """Far from the origin, a spread of 1e-3 is still measured to six digits."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(2).repeat(500)
    noise = 1e-3 * torch.randn(1000, 3, generator=generator, dtype=torch.float64)
    values = 1e4 + 10.0 * labels[:, None] + noise
    means = torch.tensor([[1e4] * 3, [1e4 + 10] * 3], dtype=torch.float64)
    expected = float(noise.square().sum(1).mean()) / between_variance(means)
    assert labelled_variance(Features(values, labels), means) == pytest.approx(expected, rel=1e-6)
    assert nearest_variance(Features(values, labels), means) == pytest.approx(expected, rel=1e-6)


def test_k_means_finds_separated_clusters_and_its_seed_decides() -> None:
    features = drawn(0, images=200)
    apart = Features(features.values + 100.0 * features.labels[:, None], features.labels)
    found = cluster_centres(apart.values, 4, CLUSTERING)
    ordered = found[found[:, 0].argsort()]
    np.testing.assert_allclose(ordered, slow_means(apart, 4), rtol=1e-10)
    torch.testing.assert_close(found, cluster_centres(apart.values, 4, CLUSTERING), rtol=0, atol=0)
    loose = torch.randn(100, 3, generator=torch.Generator().manual_seed(1))
    one, other = (cluster_centres(loose, 8, Clustering(restarts=1, seed=seed)) for seed in (1, 2))
    assert not torch.equal(one, other)


def test_undefined_is_nan() -> None:
    same = Features(torch.ones(6, 2), torch.tensor([0, 1, 2] * 2))
    found = variances(same, same, centres(same, same, 3, CLUSTERING))
    assert all(math.isnan(value) for value in found.values())
    broken = Features(torch.tensor([[1.0], [float("nan")], [2.0]]), torch.tensor([0, 1, 0]))
    assert math.isnan(labelled_variance(broken, class_means(broken, 2)))
    assert bool(torch.isnan(cluster_centres(broken.values, 2, CLUSTERING)).all())
    few = Features(torch.tensor([[1.0]]), torch.tensor([0]))
    assert bool(torch.isnan(class_means(few, 2)[1]).all())
    assert bool(torch.isnan(cluster_centres(few.values, 2, CLUSTERING)).all())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_ratios_do_not_change_with_scale_or_origin(seed: int, scale: float, shift: float) -> None:
    features = drawn(seed)
    moved = Features(scale * features.values.double() + shift, features.labels)
    expected = labelled_variance(features, class_means(features, 4))
    assert labelled_variance(moved, class_means(moved, 4)) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000))
def test_own_means_leave_the_least_within_and_the_nearest_point_is_never_farther(seed: int) -> None:
    features = drawn(seed)
    own = class_means(features, 4)
    other = own + 0.1 * torch.randn(own.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    within = labelled_variance(features, other) * between_variance(other)
    assert labelled_variance(features, own) * between_variance(own) <= within * (1 + 1e-12)
    assert nearest_variance(features, own) <= labelled_variance(features, own) * (1 + 1e-12)


def test_blocks_do_not_change_the_result() -> None:
    features = drawn(0, images=9000)
    means = class_means(features, 4)
    np.testing.assert_allclose(means, slow_means(features, 4), rtol=1e-12)
    assert labelled_variance(features, means) == pytest.approx(
        slow_labelled(features.values, features.labels, means.numpy())
    )
