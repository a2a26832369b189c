"""Neural collapse, feature ranks and other metrics of a network, for anybody's tensors and networks.

    from plasticity.metrics import StatisticsStream, measure, nc1

    nc1(features, labels)                       # tensors or arrays (N, d) and (N,)
    measure(model, loader, head="fc")           # every metric of any network, by name

Every declared metric is a function here (`dir(plasticity.metrics)`); what it takes, `help` says. In place of features
and labels each takes a `StatisticsStream`, which is filled batch by batch. torch is imported with the first of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plasticity.metrics.any_network import measure as measure
    from plasticity.metrics.declared.capacity import ActiveUnits as ActiveUnits
    from plasticity.metrics.declared.capacity import watch_units as watch_units
    from plasticity.metrics.declared.capacity import weight_norm as weight_norm
    from plasticity.metrics.declaring import metric as metric
    from plasticity.metrics.plain import OfClasses, OfFeatures, OfPredictions, OfWeights, OfWeightsAndClasses
    from plasticity.metrics.statistics import ClassStatistics as ClassStatistics
    from plasticity.metrics.statistics import StatisticsStream as StatisticsStream

    nc1: OfClasses
    nc2: OfWeights
    nc3: OfWeightsAndClasses
    nc4: OfPredictions
    nc2_equinorm_means: OfClasses
    nc2_equinorm_weights: OfWeights
    nc2_equiangular_means: OfClasses
    nc2_equiangular_weights: OfWeights
    nc2_maximal_angle_means: OfClasses
    nc2_maximal_angle_weights: OfWeights
    nc3_self_duality: OfWeightsAndClasses
    nc4_disagreement: OfPredictions
    cdnv: OfClasses
    effective_rank: OfFeatures
    stable_rank: OfFeatures
    approximate_rank: OfFeatures

_ELSEWHERE = {
    "measure": "any_network",
    "ActiveUnits": "declared.capacity",
    "watch_units": "declared.capacity",
    "metric": "declaring",
    "ClassStatistics": "statistics",
    "StatisticsStream": "statistics",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: a metric on plain tensors, or one of the other public names.

    Raises:
        AttributeError: If there is neither.
    """
    if name in _ELSEWHERE:
        return getattr(import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)
    if name not in _metrics():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = import_module(f"{__name__}.plain").plain(name)
    return found


def __dir__() -> list[str]:
    return sorted({*_ELSEWHERE, *_metrics()})


def _metrics() -> list[str]:
    return [each.name for each in import_module(f"{__name__}.declaring").declared_metrics()]
