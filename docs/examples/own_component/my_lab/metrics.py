"""Metrics: functions whose parameters name what they take; those with a default are keys of the configuration."""

from torch import Tensor

from plasticity.metrics import metric


@metric(unit="1", meaning="mean power of the features")
def activity(features: Tensor, power: float = 2.0) -> float:
    """Return the mean of a power of all features of all images."""
    return float(features.double().pow(power).mean())
