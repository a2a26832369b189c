"""Arms: a list in place of a number makes one arm per value."""

from collections.abc import Mapping
from copy import deepcopy
from itertools import product
from typing import Any, TypeVar

from plasticity.config.json_schema import is_number
from plasticity.config.parameters import parameters
from plasticity.config.settings import Settings
from plasticity.config.usual_label import usual_label

Arm = dict[str, Any]
A = TypeVar("A", bound=Settings)
_Keys = tuple[str, ...]
_PHASES = ("warm_up", "first_task", "following", "training")
_COMPONENTS = ("penalty", "optimizer")
_LISTS_BY_NATURE = ("hooks",)


def single_arms(name: str, arm: A, spelled: Mapping[str, Any] | None = None) -> list[tuple[str, A]]:
    """Return the arms that one arm of a section stands for, itself if it has no list, each with its name.

    Args:
        name: Its key in the configuration.
        arm: Its settings.
        spelled: The same as the configuration spells it: a learning rate of 1 is no 1.0 in a name.
    """
    return [(single, arm.of(said)) for single, said in expand_arm(name, spelled or arm.given())]


def expand_arm(name: str, arm: Mapping[str, Any]) -> list[tuple[str, Arm]]:
    """Return names and settings of the arms that one arm stands for, itself if it has no list.

    The arm `weight_decay` with the list [0.01, 0.1] becomes `weight_decay_0.01` and `weight_decay_0.1`. Several lists
    make every combination, with the values joined by underscores in the order in which the lists stand. The label of
    an expanded arm is the arm's label, or its usual one, and the values behind it.
    """
    lists = _lists(arm)
    label = arm.get("label", usual_label(name))
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
    for name in _PHASES:
        phase = arm.get(name, {})
        found |= {(name, key): value for key, value in phase.items() if key not in {*_COMPONENTS, *_LISTS_BY_NATURE}}
        for kind in _COMPONENTS:
            found |= {(name, kind, key): value for key, value in _numbers(phase.get(kind, {}), kind).items()}
    found |= {("train_size",): arm["train_size"]} if "train_size" in arm else {}
    found |= {
        ("intervention", key): value for key, value in _numbers(arm.get("intervention", {}), "intervention").items()
    }
    return {keys: value for keys, value in found.items() if isinstance(value, list)}


def _numbers(chosen: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return a component's parameters that are single numbers; one that is a list by nature stays one."""
    if not chosen:
        return {}
    known = parameters(kind, chosen["name"])["properties"]
    return {key: value for key, value in chosen.items() if key in known and is_number(known[key])}


def _put(arm: Arm, keys: _Keys, value: Any) -> None:
    for key in keys[:-1]:
        arm = arm[key]
    arm[keys[-1]] = value
