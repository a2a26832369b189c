"""Configurations of earlier versions, as this one says them: presets of users, and the records of kept runs."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.sections import studies_of

_GONE = {"figures_per_job"}
_PRECISION = "exact"  # before there was a choice
_OF_TASKS = ("permutations", "reshuffle_epochs")
_TASKS = "permuted_pixels"  # before there were others


def respelled(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration, checked or not, whose keys that have moved stand where they are now."""
    return {**config, **{name: _with_tasks(config[name]) for name in _of_study(config, "continual")}}


def of_this_version(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in its normal form, as it was recorded, with the keys of this version."""
    jobs = {key: value for key, value in config["jobs"].items() if key not in _GONE}
    warm = {name: {"precision": _PRECISION, **config[name]} for name in _of_study(config, "warm_start")}
    return {**respelled(config), "jobs": jobs, **warm}


def _of_study(config: Mapping[str, Any], study: str) -> list[str]:
    return [name for name, other in studies_of(config).items() if other == study and isinstance(config[name], Mapping)]


def _with_tasks(section: Mapping[str, Any]) -> dict[str, Any]:
    """Move how tasks are drawn into the section's `tasks`, where such a key stands beside it."""
    moved = {key: section[key] for key in _OF_TASKS if key in section}
    tasks = section.get("tasks", {})
    if not moved or not isinstance(tasks, Mapping):
        return dict(section)
    rest = {key: value for key, value in section.items() if key not in moved}
    return {**rest, "tasks": {"name": _TASKS, **tasks, **moved}}
