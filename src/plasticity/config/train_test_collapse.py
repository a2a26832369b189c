"""The train-test study: super-classes that share no class, and arms whose names differ."""

from typing import Any

from plasticity.config.arms import Arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown

_ARMS: Location = ("train_test_collapse", "arms")


def check_train_test_collapse(study: dict[str, Any], findings: Findings) -> None:
    """Record what is wrong in the section `train_test_collapse`."""
    sound = {name: arm for name, arm in study["arms"].items() if not findings.touch((*_ARMS, name))}
    check_names_of_arms(_ARMS, sound, findings)
    for name, arm in sound.items():
        _check_super_classes((*_ARMS, name, "super_classes"), arm, findings)


def _check_super_classes(location: Location, arm: Arm, findings: Findings) -> None:
    owners: dict[int, int] = {}
    groups: list[list[int]] = arm.get("super_classes", [])
    for place, group in enumerate(groups):
        for label in group:
            if owners.setdefault(label, place) != place:
                findings.add((*location, place), expected="classes of no other super-class", got=shown(label))
