"""Train, strong test and weak test variance (Hui, Belkin & Nakkiran 2022, arXiv 2202.08384, section 2).

Each is a ratio of traces: the mean squared distance of features to the centre they belong to, over the mean squared
distance of the centres to their own mean. The centres are those of one network, at the end of training in the paper,
and the features may be those of another, at an earlier checkpoint. It is not Papyan's NC1, Tr(Σ_W Σ_B†)/C.

Shapes: N images, d features, C classes, K centres. All sums are in float64. What is undefined is NaN: a ratio over
centres that coincide, features that are not finite, the mean of a class without images.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

_BLOCK = 4096  # images that are in float64 at once
_NAN = float("nan")


@dataclass(frozen=True)
class Centres:
    """What variances are measured against.

    Attributes:
        train: Class means of the training features (C, d).
        test: Class means of the test features (C, d).
        clusters: k-means centres of the test features (C, d), k = C: what the labels have no part in.
    """

    train: Tensor
    test: Tensor
    clusters: Tensor


@dataclass(frozen=True)
class Features:
    """Features (N, d) of one layer and the classes (N,) of their images, on the CPU."""

    values: Tensor
    labels: Tensor

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the features in float64, and labels, part by part."""
        for values, labels in zip(self.values.split(_BLOCK), self.labels.split(_BLOCK), strict=True):
            yield values.double(), labels


@dataclass(frozen=True)
class Clustering:
    """How k-means is run: the best of `restarts` runs of k-means++, drawn from `seed`, of 32 bits."""

    restarts: int
    seed: int


def centres(train: Features, test: Features, num_classes: int, clustering: Clustering) -> Centres:
    """Return the centres of a network's features at one layer."""
    clusters = cluster_centres(test.values, num_classes, clustering)
    return Centres(class_means(train, num_classes), class_means(test, num_classes), clusters)


def variances(train: Features, test: Features, against: Centres) -> dict[str, float]:
    """Return the three variances of features against centres of the same or of another network.

    Args:
        train: Features of the training images.
        test: Features of the test images.
        against: The centres; those of the last checkpoint in the paper.

    Returns:
        `train_variance`, `strong_test_variance`, `weak_test_variance`.
    """
    return {
        "train_variance": labelled_variance(train, against.train),
        "strong_test_variance": labelled_variance(test, against.test),
        "weak_test_variance": nearest_variance(test, against.clusters),
    }


def class_means(features: Features, num_classes: int) -> Tensor:
    """Return the means of the classes (C, d) in float64, NaN for a class without images."""
    sums = torch.zeros(num_classes, features.values.shape[1], dtype=torch.float64)
    for values, labels in features.blocks():
        sums.index_add_(0, labels, values)
    return sums / torch.bincount(features.labels, minlength=num_classes)[:, None]


def cluster_centres(values: Tensor, clusters: int, clustering: Clustering) -> Tensor:
    """Return k-means centres (K, d) of features (N, d), NaN where there are fewer images than centres.

    Features that have collapsed onto fewer points than `clusters` have centres that coincide.
    """
    if len(values) < clusters or not bool(torch.isfinite(values).all()):
        return torch.full((clusters, values.shape[1]), _NAN, dtype=torch.float64)
    found = KMeans(clusters, n_init=clustering.restarts, random_state=clustering.seed)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than centres
        found.fit(values.double().numpy())
    return torch.from_numpy(found.cluster_centers_)


def labelled_variance(features: Features, means: Tensor) -> float:
    """Return E‖h(x) − μ_y‖² / E_c‖μ_c − μ‖² of features against the means (C, d) of their classes."""
    total = sum(float((values - means[labels]).square().sum()) for values, labels in features.blocks())
    return _ratio(total / len(features.labels), means)


def nearest_variance(features: Features, points: Tensor) -> float:
    """Return E min_k ‖h(x) − μ_k‖² / E_k‖μ_k − μ‖² of features against the nearest of the points (K, d).

    The paper prints arg min for min.
    """
    total = 0.0
    for values, _ in features.blocks():
        # Differences, not products: those would cancel where features have collapsed onto the points.
        distances = torch.cdist(values, points, compute_mode="donot_use_mm_for_euclid_dist")
        total += float(distances.min(1).values.square().sum())
    return _ratio(total / len(features.labels), points)


def between_variance(points: Tensor) -> float:
    """Return E_c‖μ_c − μ‖² of points (C, d); μ is their mean, every class counting the same."""
    return float((points - points.mean(0)).square().sum(1).mean())


def _ratio(within: float, points: Tensor) -> float:
    between = between_variance(points)
    return within / between if between > 0 else _NAN
