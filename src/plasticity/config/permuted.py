"""The permuted study: a network that the kernel knows, penalties that a batch can have, thresholds with a cap."""

from typing import Any

from plasticity.config.arms import Arm, expand_arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown

_STUDY: Location = ("permuted",)
_ARMS: Location = (*_STUDY, "arms")
_PHASES = ("first_task", "following")
BASELINE = "random_init"
"""The arm of fresh networks that every plasticity gap is measured against; the study runs it by itself."""


def check_permuted(study: dict[str, Any], findings: Findings) -> None:
    """Record what is wrong in the section `permuted`."""
    sound = {name: arm for name, arm in study["arms"].items() if not findings.touch((*_ARMS, name))}
    for name in study["arms"]:
        if name.startswith(BASELINE):
            expected = f"a name without {BASELINE}, a baseline that is always run"
            findings.add((*_ARMS, name), expected=expected, got=shown(name))
    if not findings.touch((*_STUDY, "model")) and study["model"].get("activation", "relu") != "relu":
        findings.add((*_STUDY, "model", "activation"), expected="relu", got=shown(study["model"]["activation"]))
    check_names_of_arms(_ARMS, sound, findings)
    if findings.touch(*((*_STUDY, phase) for phase in _PHASES)):
        return
    for phase in _PHASES:
        _check_training((*_STUDY, phase), study[phase], findings)
    for name, arm in sound.items():
        _check_arm((*_ARMS, name), arm, study, findings)


def _check_arm(location: Location, arm: Arm, study: dict[str, Any], findings: Findings) -> None:
    first = arm.get("first_task", {})
    if "epochs" in first and "nc1_below" in first:
        findings.add((*location, "first_task", "epochs"), expected="either epochs or nc1_below", got="both")
    if "intervene_after" in arm and "intervention" not in arm:
        got = shown(arm["intervene_after"])
        findings.add((*location, "intervene_after"), expected="an intervention beside it", got=got)
    for _, single in expand_arm("arm", arm):
        for phase in _PHASES:
            if phase in single and not findings.touch((*_STUDY, phase)):
                _check_training((*location, phase), {**study[phase], **single[phase]}, findings)


def _check_training(location: Location, training: dict[str, Any], findings: Findings) -> None:
    penalty, batch = training["penalty"]["name"], training["batch_size"]
    if penalty != "none" and batch < 2:
        # One image has no within-class spread, and its class no neighbour to be far from.
        expected = f"at least 2 images with the penalty {penalty}, which compares classes within a batch"
        findings.add((*location, "batch_size"), expected=expected, got=shown(batch))
    decay = training["learning_rate"] * training["weight_decay"]
    if decay >= 1:
        expected = f"less than {1 / training['learning_rate']:g}, 1 / learning_rate: weights would change their sign"
        findings.add((*location, "weight_decay"), expected=expected, got=shown(training["weight_decay"]))
