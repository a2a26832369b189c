"""How trainings and jobs are named."""

from collections.abc import Mapping, Sequence
from typing import Any

from plasticity.config.component import Chosen
from plasticity.config.parameters import defaults, parameters

PLAIN = "plain"
"""Name of the training that a study's own section describes."""


def training_name(training: Mapping[str, Any], base: Mapping[str, Any], network: str = "") -> str:
    """Name a training by what distinguishes it from the study's own, so that equal trainings have equal names.

    Args:
        training: What is said of it.
        base: What the study says.
        network: Name of what it trains; empty for the study's own network.
    """
    return "_".join([*([network] if network else []), *_differences(training, base)]) or PLAIN


def network_name(network: Chosen, usual: Chosen) -> str:
    """Name a network by what distinguishes it from the study's own; empty for that one."""
    if network == usual:
        return ""
    alike = network.name == usual.name
    base = usual.parameters if alike else defaults(parameters("model", network.name))
    return "_".join([network.name.replace(":", "."), *_differences(network.parameters, base)])


def chunks(values: Sequence[int], size: int, word: str) -> dict[str, tuple[int, ...]]:
    """Cut values into jobs of `size` each, by names such as "epochs8-48"."""
    parts = [tuple(values[first : first + size]) for first in range(0, len(values), size)]
    return {f"{word}{part[0]}-{part[-1]}": part for part in parts}


def _differences(said: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    return [_describe(key, value) for key, value in sorted(said.items()) if value != base.get(key)]


def _describe(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return key + "-".join(_describe("", part) for part in value)
    if isinstance(value, float):
        return f"{key}{value:.15g}"  # a learning rate of 1 is that of 1.0
    if not isinstance(value, Mapping):
        return f"{key}{value}"
    options = [_describe(name, option) for name, option in sorted(value.items()) if name != "name"]
    return "_".join([str(value["name"]).replace(":", "."), *options])
