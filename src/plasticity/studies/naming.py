"""How trainings and jobs are named."""

from collections.abc import Mapping, Sequence
from typing import Any

PLAIN = "plain"
"""Name of the training that a study's own section describes."""


def training_name(training: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """Name a training by what distinguishes it from the study's own, so that equal trainings have equal names.

    Args:
        training: What is said of it.
        base: What the study says.
    """
    parts = [_describe(key, value) for key, value in sorted(training.items()) if value != base.get(key)]
    return "_".join(parts) or PLAIN


def chunks(values: Sequence[int], size: int, word: str) -> dict[str, tuple[int, ...]]:
    """Cut values into jobs of `size` each, by names such as "epochs8-48"."""
    parts = [tuple(values[first : first + size]) for first in range(0, len(values), size)]
    return {f"{word}{part[0]}-{part[-1]}": part for part in parts}


def _describe(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return key + "-".join(_describe("", part) for part in value)
    if isinstance(value, float):
        return f"{key}{value:.15g}"  # a learning rate of 1 is that of 1.0
    if not isinstance(value, Mapping):
        return f"{key}{value}"
    options = [_describe(name, option) for name, option in sorted(value.items()) if name != "name"]
    return "_".join([str(value["name"]).replace(":", "."), *options])
