"""Neural collapse: NC1-NC4 in the forms of the paper and of Papyan et al., as functions of the class statistics.

Letters: W classifier weights (C, d); M = [μ_c − μ_G] centred class means, here as rows (C, d); C classes present.
The paper is Bonifazi et al. (2024), whose code follows Zhu et al. (2021), arXiv 2105.02375; Papyan et al. (2020) is
doi 10.1073/pnas.2015509117. A metric that is undefined (no class structure, non-finite features) is NaN.
"""

import torch
from torch import Tensor

from plasticity.metrics.declaring import metric
from plasticity.metrics.statistics import ClassStatistics

_NAN = float("nan")
_BLOCK = 1024  # images that are in float64 at once


@metric(unit="1", meaning="within-class variability Tr(Σ_W Σ_B†)/C; 0 is full collapse", group="neural_collapse")
def nc1(statistics: ClassStatistics) -> float:
    """Within-class variability Tr(Σ_W Σ_B†)/C (Papyan et al. 2020, NC1); 0 is full collapse.

    Σ_B = MᵀM/C has rank ≤ C − 1 and the pseudo-inverse C·V S⁻² Vᵀ from the thin SVD M = U S Vᵀ, so the trace is
    Σ_k v_kᵀ Σ_W v_k / s_k². Singular values are cut where `torch.linalg.pinv` of Σ_B would cut them in float64.
    """
    centred = statistics.centred_means
    if not bool(torch.isfinite(centred).all()) or not bool(torch.isfinite(statistics.scatter).all()):
        return _NAN
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    smallest = singular.max().square() * max(centred.shape[1], 1) * torch.finfo(torch.float64).eps
    kept = singular.square() > smallest
    kept[max(len(centred) - 1, 0) :] = False  # the rank is at most C − 1 whatever rounding says
    if not bool(kept.any()):
        return _NAN
    along = directions[kept]
    spread = torch.einsum("kd,de,ke->k", along, statistics.within_covariance, along)
    return float((spread / singular[kept].square()).sum())


@metric(
    unit="1",
    meaning="distance of WWᵀ/‖WWᵀ‖ from the simplex ETF, classifier weights (Zhu et al. 2021)",
    group="neural_collapse",
)
def nc2(weights: Tensor) -> float:
    """Distance ‖WWᵀ/‖WWᵀ‖_F − E‖_F of the classifier's Gram matrix from the simplex ETF E (Zhu et al. 2021)."""
    gram = weights.double() @ weights.double().T
    return float((_unit(gram) - simplex_etf(len(gram))).norm())


@metric(
    unit="1",
    meaning="distance of WH/‖WH‖ from the simplex ETF, self-duality (Zhu et al. 2021)",
    group="neural_collapse",
)
def nc3(weights: Tensor, statistics: ClassStatistics) -> float:
    """Distance ‖WM/‖WM‖_F − E‖_F of classifier times class means from the simplex ETF E (Zhu et al. 2021)."""
    product = weights.double()[statistics.present] @ statistics.centred_means.T
    return float((_unit(product) - simplex_etf(len(product))).norm())


@metric(
    unit="fraction",
    meaning="agreement of the network with the nearest class mean; 1 is full collapse",
    group="neural_collapse",
)
def nc4(predictions: Tensor, features: Tensor, statistics: ClassStatistics) -> float:
    """Fraction of images (N,) whose predicted class is that of the nearest class mean; 1 is full collapse."""
    means, present = statistics.means[statistics.present].to(features.device), statistics.present.to(predictions)
    if not bool(torch.isfinite(means).all()):  # a class's mean is finite only where all its features are
        return _NAN
    # ‖h − μ‖² up to ‖h‖²: one matrix product, in float64, of blocks that stay in the cache.
    lengths, twice = means.square().sum(1), -2 * means.T
    agree = torch.zeros((), dtype=torch.int64, device=features.device)
    for block, predicted in zip(features.split(_BLOCK), predictions.split(_BLOCK), strict=True):
        agree += (present[torch.addmm(lengths, block.double(), twice).argmin(1)] == predicted).sum()
    return int(agree) / len(features)


def simplex_etf(num_classes: int) -> Tensor:
    """Gram matrix of the simplex equiangular tight frame, of unit Frobenius norm: (I − 11ᵀ/C)/√(C − 1)."""
    identity = torch.eye(num_classes, dtype=torch.float64)
    return (identity - 1.0 / num_classes) / max(num_classes - 1, 1) ** 0.5


def equinorm(vectors: Tensor) -> float:
    """Coefficient of variation of the rows' norms (Papyan et al. 2020, NC2 equinorm); 0 is equal length."""
    norms = vectors.double().norm(dim=1)
    return float(norms.std(correction=0) / norms.mean())


def equiangular(vectors: Tensor) -> float:
    """Standard deviation of the cosines between rows (Papyan et al. 2020, NC2 equiangularity)."""
    return float(_cosines(vectors).std(correction=0)) if len(vectors) > 1 else _NAN


def maximal_angle(vectors: Tensor) -> float:
    """Mean |cos + 1/(C − 1)| over pairs of rows (Papyan et al. 2020, NC2 maximal angle)."""
    if len(vectors) < 2:
        return _NAN
    return float((_cosines(vectors) + 1.0 / (len(vectors) - 1)).abs().mean())


@metric(unit="1", meaning="coefficient of variation of class-mean norms (Papyan et al. 2020)", group="collapse")
def nc2_equinorm_means(statistics: ClassStatistics) -> float:
    """Coefficient of variation of the norms of the centred class means; 0 is equal length."""
    return equinorm(statistics.centred_means)


@metric(unit="1", meaning="coefficient of variation of classifier norms (Papyan et al. 2020)", group="collapse")
def nc2_equinorm_weights(weights: Tensor) -> float:
    """Coefficient of variation of the norms of the classifier's rows; 0 is equal length."""
    return equinorm(weights)


@metric(unit="1", meaning="SD of the cosines between centred class means (Papyan et al. 2020)", group="collapse")
def nc2_equiangular_means(statistics: ClassStatistics) -> float:
    """Standard deviation of the cosines between centred class means; 0 is equal angles."""
    return equiangular(statistics.centred_means)


@metric(unit="1", meaning="SD of the cosines between classifier rows (Papyan et al. 2020)", group="collapse")
def nc2_equiangular_weights(weights: Tensor) -> float:
    """Standard deviation of the cosines between the classifier's rows; 0 is equal angles."""
    return equiangular(weights)


@metric(unit="1", meaning="mean |cos + 1/(C−1)| of centred class means (Papyan et al. 2020)", group="collapse")
def nc2_maximal_angle_means(statistics: ClassStatistics) -> float:
    """Mean |cos + 1/(C − 1)| over pairs of centred class means; 0 is the simplex's angle."""
    return maximal_angle(statistics.centred_means)


@metric(unit="1", meaning="mean |cos + 1/(C−1)| of classifier rows (Papyan et al. 2020)", group="collapse")
def nc2_maximal_angle_weights(weights: Tensor) -> float:
    """Mean |cos + 1/(C − 1)| over pairs of the classifier's rows; 0 is the simplex's angle."""
    return maximal_angle(weights)


@metric(unit="1", meaning="‖W/‖W‖ − Hᵀ/‖H‖‖², classifier against class means (Papyan et al. 2020)", group="collapse")
def nc3_self_duality(weights: Tensor, statistics: ClassStatistics) -> float:
    """‖W/‖W‖_F − M/‖M‖_F‖²_F (Papyan et al. 2020, NC3); 0 when classifier and class means are dual."""
    w = weights.double()[statistics.present]
    return float((_unit(w) - _unit(statistics.centred_means)).norm().square())


@metric(unit="fraction", meaning="1 − nc4 (Papyan et al. 2020); 0 is full collapse", group="collapse")
def nc4_disagreement(nc4: float) -> float:
    """Fraction of images whose predicted class is not that of the nearest class mean (Papyan et al. 2020, NC4)."""
    return 1.0 - nc4


@metric(unit="1", meaning="class-distance normalised variance, mean over pairs (Galanti et al. 2022)", group="collapse")
def cdnv(statistics: ClassStatistics) -> float:
    """Class-distance normalised variance (Galanti et al. 2022): mean over pairs of (v_i + v_j)/(2‖μ_i − μ_j‖²)."""
    present = statistics.present
    variance = statistics.class_scatter[present] / statistics.counts[present]
    means = statistics.means[present]
    first, second = torch.triu_indices(len(present), len(present), offset=1)
    distance = (means[first] - means[second]).square().sum(1)
    return float(((variance[first] + variance[second]) / (2 * distance)).mean())


def _cosines(vectors: Tensor) -> Tensor:
    unit = vectors.double() / vectors.double().norm(dim=1, keepdim=True)  # a row of zeros has no angle: NaN
    first, second = torch.triu_indices(len(unit), len(unit), offset=1)
    return (unit[first] * unit[second]).sum(1)


def _unit(matrix: Tensor) -> Tensor:
    return matrix / matrix.norm()
