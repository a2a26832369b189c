"""Configurations of earlier versions, as this one says them: presets of users, and the records of kept runs."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.sections import studies_of

_GONE = {"figures_per_job", "bootstrap_samples"}  # of `jobs` and of `analysis`
_PRECISION = "exact"  # before there was a choice
_OF_TASKS = ("permutations", "reshuffle_epochs")
_TASKS = "permuted_pixels"  # before there were others


def respelled(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration, checked or not: keys that have moved stand where they are now, some have ended."""
    tasks = {name: _with_tasks(config[name]) for name in _of_study(config, "continual")}
    return {name: _as_analysed(section) for name, section in {**config, **tasks}.items()}


def of_this_version(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in its normal form, as it was recorded, with the keys of this version."""
    found = respelled(config)
    warm = {name: {"precision": _PRECISION, **found[name]} for name in _of_study(config, "warm_start")}
    return {**found, "jobs": _still_here(config["jobs"]), **warm}


def _of_study(config: Mapping[str, Any], study: str) -> list[str]:
    return [name for name, other in studies_of(config).items() if other == study and isinstance(config[name], Mapping)]


def _as_analysed(section: Any) -> Any:
    """Leave out what the analysis of a study was once asked for."""
    if not isinstance(section, Mapping) or not isinstance(section.get("analysis"), Mapping):
        return section
    return {**section, "analysis": _still_here(section["analysis"])}


def _still_here(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in _GONE}


def _with_tasks(section: Mapping[str, Any]) -> dict[str, Any]:
    """Move how tasks are drawn into the section's `tasks`, where such a key stands beside it."""
    moved = {key: section[key] for key in _OF_TASKS if key in section}
    tasks = section.get("tasks", {})
    if not moved or not isinstance(tasks, Mapping):
        return dict(section)
    rest = {key: value for key, value in section.items() if key not in moved}
    return {**rest, "tasks": {"name": _TASKS, **tasks, **moved}}
