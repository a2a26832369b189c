"""The study of many tasks: trainings that their networks, penalties and optimizers allow, thresholds with a cap."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.arms import Arm, expand_arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.findings import Findings
from plasticity.config.intervention_check import check_intervention
from plasticity.config.messages import Location, shown
from plasticity.config.parameters import fact
from plasticity.config.training_check import check_training

_PHASES = ("first_task", "following")
BASELINE = "random_init"
"""The arm of fresh networks that every plasticity gap is measured against; the study runs it by itself."""


def check_continual(name: str, study: dict[str, Any], findings: Findings) -> None:
    """Record what is wrong in a section of the study, which has this name."""
    where = (name, "arms")
    sound = {arm: settings for arm, settings in study["arms"].items() if not findings.touch((*where, arm))}
    for arm in study["arms"]:
        if arm.startswith(BASELINE):
            expected = f"a name without {BASELINE}, a baseline that is always run"
            findings.add((*where, arm), expected=expected, got=shown(arm))
    check_names_of_arms(where, sound, findings)
    if findings.touch(*((name, phase) for phase in _PHASES)):
        return
    model = None if findings.touch((name, "model")) else study["model"]
    for phase in _PHASES:
        _check_training((name, phase), study[phase], model, findings)
    for arm, settings in sound.items():
        _check_arm(name, arm, settings, {**study, "model": model}, findings)


def _check_arm(section: str, name: str, arm: Arm, study: dict[str, Any], findings: Findings) -> None:
    location = (section, "arms", name)
    first = arm.get("first_task", {})
    if "epochs" in first and "nc1_below" in first:
        findings.add((*location, "first_task", "epochs"), expected="either epochs or nc1_below", got="both")
    if "intervene_after" in arm and "intervention" not in arm:
        got = shown(arm["intervene_after"])
        findings.add((*location, "intervene_after"), expected="an intervention as well", got=got)
    model = arm.get("model", study["model"])
    chosen = arm.get("intervention")
    if chosen and not findings.touch((section, "tasks")):
        _check_head((*location, "intervention"), chosen, study, findings)
    for _, single in expand_arm("arm", arm):
        if chosen and not findings.touch((section, "following"), location):
            following = {**study["following"], **single.get("following", {})}
            check_intervention((*location, "intervention"), chosen, following, findings)
        for phase in _PHASES:
            if (phase in single or "model" in arm) and not findings.touch((section, phase)):
                _check_training((*location, phase), {**study[phase], **single.get(phase, {})}, model, findings)


def _check_head(location: Location, chosen: Mapping[str, Any], study: dict[str, Any], findings: Findings) -> None:
    """Record a renewed head where the sequence of tasks renews it in any case."""
    renewed = study["tasks"].get("renew_head", "keep")
    if renewed != "keep" and fact("intervention", chosen["name"], "renews_head", usual=False):
        expected = f"no intervention on the head, as renew_head: {renewed} renews it before every task"
        findings.add(location, expected=expected, got=chosen["name"])


def _check_training(
    location: Location, training: dict[str, Any], model: dict[str, Any] | None, findings: Findings
) -> None:
    check_training(location, training, model, findings)
    decay = training["learning_rate"] * training["weight_decay"]
    if decay >= 1 and training.get("optimizer", {}).get("name", "sgd") == "sgd":
        expected = f"less than {1 / training['learning_rate']:g}, 1 / learning_rate: weights would change their sign"
        findings.add((*location, "weight_decay"), expected=expected, got=shown(training["weight_decay"]))
