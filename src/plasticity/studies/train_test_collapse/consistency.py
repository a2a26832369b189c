"""The train-test study: super-classes that share no class, and arms whose names differ."""

from typing import Any

from plasticity.config.arms import Arm, expand_arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown
from plasticity.config.training_check import check_training


def check_train_test(name: str, study: dict[str, Any], findings: Findings) -> None:
    """Record what is wrong in a section of the study, which has this name."""
    where = (name, "arms")
    sound = {arm: settings for arm, settings in study["arms"].items() if not findings.touch((*where, arm))}
    check_names_of_arms(where, sound, findings)
    model = None if findings.touch((name, "model")) else study["model"]
    for phase in ("training", "next_task"):
        if not findings.touch((name, phase)):
            check_training((name, phase), study[phase], model, findings)
    for arm, settings in sound.items():
        _check_super_classes((*where, arm, "super_classes"), settings, findings)
        if not findings.touch((name, "training")):
            _check_trainings((*where, arm), settings, {**study, "model": model}, findings)


def _check_trainings(location: Location, arm: Arm, study: dict[str, Any], findings: Findings) -> None:
    model = arm.get("model", study["model"])
    for _, single in expand_arm("arm", arm):
        if "training" in single or "model" in arm:
            training = {**study["training"], **single.get("training", {})}
            check_training((*location, "training"), training, model, findings)


def _check_super_classes(location: Location, arm: Arm, findings: Findings) -> None:
    owners: dict[int, int] = {}
    groups: list[list[int]] = arm.get("super_classes", [])
    for place, group in enumerate(groups):
        for label in group:
            if owners.setdefault(label, place) != place:
                findings.add((*location, place), expected="classes of no other super-class", got=shown(label))
