"""Metrics get what they ask for: a parameter's name says which quantity it takes, and each is computed once."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from torch import Tensor

from plasticity.errors import PlasticityError
from plasticity.metrics.declared.capacity import singular_values
from plasticity.metrics.declaring import declared_metrics
from plasticity.metrics.statistics import ClassStatistics

INPUTS: Mapping[str, str] = {
    "features": "last-layer features (N, d)",
    "labels": "true classes (N,)",
    "predictions": "predicted classes (N,)",
    "weights": "weights of the last layer (C, d)",
    "statistics": "ClassStatistics of the features",
    "singular": "singular values of the feature matrix (d,), in descending order",
    "units": "ActiveUnits of the network's ReLU layers",
    "model": "the network",
}
"""What a metric may have as a parameter, besides the value of another metric by its name."""

Value = float | int


def _singular(statistics: ClassStatistics) -> Tensor:
    return singular_values(statistics.second_moment)


PREPARED: Mapping[str, Callable[..., Any]] = {"singular": _singular}
"""Inputs that are computed from others where they are not given."""


def evaluate(
    functions: Mapping[str, Callable[..., Value]], given: Mapping[str, Any], *, wanted: Iterable[str] | None = None
) -> dict[str, Value]:
    """Return the values of metrics by their names.

    Args:
        functions: Metrics by name.
        given: What they ask for, by the names in `INPUTS`; those in `PREPARED` may be left out.
        wanted: Which metrics; all of `functions` by default.

    Raises:
        PlasticityError: If a metric has a parameter that is neither given nor another metric.
    """
    values: dict[str, Any] = dict(given)
    return {name: _value(name, functions, values) for name in (functions if wanted is None else wanted)}


def declared_functions() -> dict[str, Callable[..., Value]]:
    """Return the functions of all metrics of the package by name, in the order of their columns."""
    return {each.name: each.function for each in declared_metrics()}


@cache
def asked_by(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the quantities that a metric takes: its parameters without a default."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.default is parameter.empty)


def _value(name: str, functions: Mapping[str, Callable[..., Any]], values: dict[str, Any], asker: str = "") -> Any:
    if name not in values:
        function = functions.get(name) or PREPARED.get(name)
        if function is None:
            known = ", ".join((*INPUTS, *functions))
            raise PlasticityError(f"metric {asker}: expected parameters among {known}, got {name!r}")
        values[name] = function(**{each: _value(each, functions, values, name) for each in asked_by(function)})
    return values[name]
