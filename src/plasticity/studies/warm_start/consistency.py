"""The warm-start study: lengths that fit its checkpoints, a baseline, and windows that hold enough of them."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.arms import Arm, expand_arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.findings import Findings
from plasticity.config.intervention_check import check_intervention
from plasticity.config.messages import Location, did_you_mean, shown
from plasticity.config.parameters import defaults, parameters
from plasticity.config.training_check import check_training

_FEWEST_CHECKPOINTS = 3
"""Checkpoints of the shortest window; fewer have a correlation of ±1 whatever they hold."""
BASELINE = "random_init"
"""The arm that every plasticity gap is measured against."""


def check_warm_start(name: str, study: dict[str, Any], findings: Findings) -> None:
    """Record what is wrong in a section of the study, which has this name."""
    arms, where = study["arms"], (name, "arms")
    sound = {arm: settings for arm, settings in arms.items() if not findings.touch((*where, arm))}
    lengths: list[Location] = [(name, "warm_up", "epochs"), (name, "warm_up", "checkpoint_every")]
    if not findings.touch(*lengths):
        _check_lengths(name, study["warm_up"], sound, findings)
        _check_baseline(where, study["warm_up"]["epochs"], arms, findings)
    check_names_of_arms(where, sound, findings)
    model = None if findings.touch((name, "model")) else study["model"]
    if not findings.touch((name, "fine_tune")):
        check_training((name, "fine_tune"), study["fine_tune"], model, findings)
    for arm, settings in sound.items():
        if chosen := settings.get("intervention"):
            check_intervention((*where, arm, "intervention"), chosen, None, findings)
    if not findings.touch((name, "warm_up")):
        _check_trainings(name, study["warm_up"], sound, model, findings)
        _check_different(where, study["warm_up"], sound, findings)
    if arms and not findings.touch(*lengths, *((*where, arm, "warm_up", "epochs") for arm in arms)):
        _check_analysis(name, study, findings)


def _check_trainings(
    section: str, base: dict[str, Any], arms: Mapping[str, Arm], model: dict[str, Any] | None, findings: Findings
) -> None:
    check_training((section, "warm_up"), base, model, findings)
    for name, arm in arms.items():
        for _, single in expand_arm(name, arm):
            if "warm_up" in single and not findings.touch((section, "warm_up")):
                check_training((section, "arms", name, "warm_up"), {**base, **single["warm_up"]}, model, findings)


def _check_lengths(section: str, base: dict[str, Any], arms: Mapping[str, Arm], findings: Findings) -> None:
    every = base["checkpoint_every"]
    _check_length((section, "warm_up", "epochs"), base["epochs"], every, findings)
    for name, arm in arms.items():
        if "epochs" in arm.get("warm_up", {}):
            _check_length((section, "arms", name, "warm_up", "epochs"), arm["warm_up"]["epochs"], every, findings)


def _check_length(location: Location, epochs: int, every: int, findings: Findings) -> None:
    left = epochs % every
    if 0 < epochs < every:
        findings.add(location, expected=f"0 or at least checkpoint_every, {every}", got=shown(epochs))
    elif left:
        findings.add(
            location,
            expected=f"a multiple of checkpoint_every, {every}, so that the last epochs have a checkpoint",
            got=shown(epochs),
            hint=f"write {epochs - left} or {epochs - left + every}",
        )


def _check_baseline(where: Location, base_epochs: int, arms: Mapping[str, Arm], findings: Findings) -> None:
    location = (*where, BASELINE)
    why = "the baseline that every plasticity gap is measured against"
    if findings.touch(location):
        return
    if BASELINE not in arms:
        expected = f"this arm with warm_up: {{epochs: 0}}, {why}"
        findings.add(location, expected=expected, got="nothing", hint=did_you_mean(BASELINE, arms))
        return
    arm = arms[BASELINE]
    epochs = arm.get("warm_up", {}).get("epochs", base_epochs)
    if epochs != 0:
        findings.add((*location, "warm_up", "epochs"), expected=f"0 in {why}", got=shown(epochs))
    if "intervention" in arm:
        name = arm["intervention"]["name"]
        findings.add((*location, "intervention"), expected=f"no intervention in {why}", got=shown(name))
    if [name for name, _ in expand_arm(BASELINE, arm)] != [BASELINE]:
        findings.add(location, expected=f"a single arm, without lists, as {why}", got="a list")


def _check_different(where: Location, base: dict[str, Any], arms: Mapping[str, Arm], findings: Findings) -> None:
    """Record arms that would do the same."""
    seen: list[tuple[Any, str]] = []
    for given, arm in arms.items():
        for name, single in expand_arm(given, arm):
            doing = _doing(base, single)
            twin = next((other for done, other in seen if done == doing), None)
            if twin is not None:
                expected = "an arm that differs from every other"
                findings.add((*where, given), expected=expected, got=f"{shown(name)}, which does what {twin!r} does")
            seen.append((doing, name))


def _doing(base: dict[str, Any], arm: Arm) -> tuple[Any, ...]:
    training = {**base, **arm.get("warm_up", {})}
    training["penalty"] = _complete("penalty", training["penalty"])
    intervention = _complete("intervention", arm["intervention"]) if "intervention" in arm else None
    # Without an epoch of training, its settings say nothing.
    return (training if training["epochs"] else None, intervention)


def _complete(kind: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return a component as it is chosen, with the defaults of its parameters."""
    return {**defaults(parameters(kind, chosen["name"])), **chosen}


def _check_analysis(section: str, study: dict[str, Any], findings: Findings) -> None:
    analysis = (section, "analysis")
    base = study["warm_up"]
    every, shortest = base["checkpoint_every"], _FEWEST_CHECKPOINTS * base["checkpoint_every"]
    longest = max((arm.get("warm_up", {}).get("epochs", base["epochs"]) for arm in study["arms"].values()), default=0)
    if longest < shortest:
        expected = f"at least {shortest} epochs (three checkpoints) here or in an arm, to correlate anything"
        findings.add((section, "warm_up", "epochs"), expected=expected, got=shown(base["epochs"]))
        return
    if not findings.touch((*analysis, "window")):
        window = study["analysis"]["window"]
        if not shortest <= window <= longest:
            expected = f"{shortest} (three checkpoints) to {longest} (the longest warm-up) epochs"
            findings.add((*analysis, "window"), expected=expected, got=shown(window))
    if not findings.touch((*analysis, "phase_boundary")):
        boundary = study["analysis"]["phase_boundary"]
        if not every <= boundary <= longest - every:
            expected = f"{every} to {longest - every} epochs, so that each phase holds a checkpoint"
            findings.add((*analysis, "phase_boundary"), expected=expected, got=shown(boundary))
