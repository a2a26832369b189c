"""Slow float64 references for the metrics: plain loops over images and classes, straight from the definitions.

Features H are (N, d), labels (N,), classifier weights W (C, d); everything is NumPy. A class without images has no part
in the between-class quantities.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Class statistics from two passes, each in extended precision."""

    counts: Array
    means: Array
    scatter: Array
    class_scatter: Array
    global_mean: Array

    @property
    def present(self) -> list[int]:
        return [c for c, count in enumerate(self.counts) if count > 0]

    @property
    def centred(self) -> Array:
        return np.stack([self.means[c] - self.global_mean for c in self.present])


def moments(features: NDArray, labels: NDArray, num_classes: int) -> Moments:
    h = np.asarray(features, np.float64).astype(np.longdouble)
    counts = np.zeros(num_classes)
    sums = np.zeros((num_classes, h.shape[1]), np.longdouble)
    for image, label in zip(h, labels, strict=True):
        counts[label] += 1
        sums[label] += image
    means = np.stack([total / max(count, 1) for total, count in zip(sums, counts, strict=True)])
    scatter = np.zeros((h.shape[1], h.shape[1]), np.longdouble)
    class_scatter = np.zeros(num_classes, np.longdouble)
    for image, label in zip(h, labels, strict=True):
        residual = image - means[label]
        scatter += np.outer(residual, residual)
        class_scatter[label] += residual @ residual
    global_mean = h.sum(0) / len(h)
    exact = (counts, means, scatter, class_scatter, global_mean)
    return Moments(*(np.asarray(value, np.float64) for value in exact))


def nc1(features: NDArray, labels: NDArray, num_classes: int) -> float:
    """Tr(Σ_W Σ_B†)/C with d×d matrices; Σ_B averages over the classes present, around the mean of all images."""
    m = moments(features, labels, num_classes)
    within = m.scatter / len(features)
    between = np.zeros_like(within)
    for row in m.centred:
        between += np.outer(row, row) / len(m.present)
    return float(np.trace(within @ np.linalg.pinv(between, rcond=1e-11, hermitian=True))) / len(m.present)


def simplex(num_classes: int) -> Array:
    """(I − 11ᵀ/C)/√(C − 1)."""
    frame = np.full((num_classes, num_classes), -1.0 / num_classes)
    for c in range(num_classes):
        frame[c, c] += 1.0
    return frame / np.sqrt(num_classes - 1)


def nc2(weights: NDArray) -> float:
    gram = _pairwise(weights, weights)
    return float(np.linalg.norm(gram / np.linalg.norm(gram) - simplex(len(weights))))


def nc3(weights: NDArray, features: NDArray, labels: NDArray) -> float:
    m = moments(features, labels, len(weights))
    product = _pairwise(weights[m.present], m.centred)
    return float(np.linalg.norm(product / np.linalg.norm(product) - simplex(len(m.present))))


def nearest_class(features: NDArray, labels: NDArray, num_classes: int) -> NDArray[np.int64]:
    """Class of the nearest class mean, image by image."""
    m = moments(features, labels, num_classes)
    nearest = []
    for image in np.asarray(features, np.float64):
        distances = [float(np.sum((image - m.means[c]) ** 2)) for c in m.present]
        nearest.append(m.present[int(np.argmin(distances))])
    return np.array(nearest)


def nc4(predictions: NDArray, features: NDArray, labels: NDArray, num_classes: int) -> float:
    return float(np.mean(nearest_class(features, labels, num_classes) == predictions))


def cosines(vectors: NDArray) -> Array:
    return np.array([a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in combinations(vectors, 2)])


def equinorm(vectors: NDArray) -> float:
    norms = [np.linalg.norm(v) for v in vectors]
    return float(np.std(norms) / np.mean(norms))


def equiangular(vectors: NDArray) -> float:
    return float(np.std(cosines(vectors)))


def maximal_angle(vectors: NDArray) -> float:
    return float(np.mean([abs(cosine + 1 / (len(vectors) - 1)) for cosine in cosines(vectors)]))


def self_duality(weights: NDArray, features: NDArray, labels: NDArray) -> float:
    m = moments(features, labels, len(weights))
    w = weights[m.present]
    return float(np.linalg.norm(w / np.linalg.norm(w) - m.centred / np.linalg.norm(m.centred)) ** 2)


def cdnv(features: NDArray, labels: NDArray, num_classes: int) -> float:
    m = moments(features, labels, num_classes)
    variance = {c: m.class_scatter[c] / m.counts[c] for c in m.present}
    terms = [
        (variance[i] + variance[j]) / (2 * np.sum((m.means[i] - m.means[j]) ** 2))
        for i, j in combinations(m.present, 2)
    ]
    return float(np.mean(terms))


def ranks(features: NDArray) -> dict[str, float]:
    """Effective, stable and approximate rank from the singular values of the feature matrix itself."""
    singular = np.linalg.svd(np.asarray(features, np.float64), compute_uv=False)
    p = singular[singular > 0] / singular.sum()
    mass, k = 0.0, 0
    while mass < 0.99 * np.sum(singular**2):
        mass += singular[k] ** 2
        k += 1
    effective = float(np.exp(-np.sum(p * np.log(p))))
    stable = float(np.sum(singular**2) / singular[0] ** 2)
    return {"effective_rank": effective, "stable_rank": stable, "approximate_rank": k}


def _pairwise(left: NDArray, right: NDArray) -> Array:
    return np.array([[float(np.dot(a, b)) for b in right] for a in left])
