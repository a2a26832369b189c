"""Arms: a list in place of a number makes one arm per value."""

from collections.abc import Mapping
from copy import deepcopy
from itertools import product
from typing import Any

from plasticity.config.catalogue import INTERVENTIONS, PENALTIES, Entry

Arm = dict[str, Any]
_Keys = tuple[str, ...]


def expand_lists(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, Arm]:
    """Return the arms by name, with one arm per value where an arm has a list.

    The arm `weight_decay` with the list [0.01, 0.1] becomes `weight_decay_0.01` and `weight_decay_0.1`. Several lists
    make every combination, with the values joined by underscores in the order in which the lists stand.
    The label of an expanded arm is the arm's label, or its name with spaces, and the values behind it.

    Args:
        arms: The section `arms` of a checked configuration.
    """
    return {name: arm for given, settings in arms.items() for name, arm in expand_arm(given, settings)}


def expand_arm(name: str, arm: Mapping[str, Any]) -> list[tuple[str, Arm]]:
    """Return names and settings of the arms that one arm stands for, itself if it has no list."""
    lists = _lists(arm)
    label = arm.get("label", name.replace("_", " "))
    expanded = []
    for values in product(*lists.values()):
        single = {**deepcopy(dict(arm)), "label": f"{label} {', '.join(map(str, values))}".strip()}
        for keys, value in zip(lists, values, strict=True):
            _put(single, keys, value)
        expanded.append(("_".join([name, *map(str, values)]), single))
    return expanded


def _lists(arm: Mapping[str, Any]) -> dict[_Keys, list[Any]]:
    """Return the lists that stand for several arms, by where they are."""
    found: dict[_Keys, Any] = {}
    for name in ("warm_up", "first_task", "following", "training"):
        section = arm.get(name, {})
        penalty = section.get("penalty", {})
        found |= {(name, key): value for key, value in section.items() if key != "penalty"}
        found |= {(name, "penalty", key): penalty[key] for key in _numbers(penalty, PENALTIES)}
    found |= {("train_size",): arm["train_size"]} if "train_size" in arm else {}
    intervention = arm.get("intervention", {})
    found |= {("intervention", key): intervention[key] for key in _numbers(intervention, INTERVENTIONS)}
    return {keys: value for keys, value in found.items() if isinstance(value, list)}


def _numbers(section: Mapping[str, Any], table: Mapping[str, Entry]) -> list[str]:
    """Return the section's options that are single numbers; one that is a list by nature stays one."""
    if not section:
        return []
    parameters = table[section["name"]].parameters
    return [key for key in section if key in parameters and parameters[key]["type"] in {"integer", "number"}]


def _put(arm: Arm, keys: _Keys, value: Any) -> None:
    for key in keys[:-1]:
        arm = arm[key]
    arm[keys[-1]] = value
