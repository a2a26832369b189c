"""What a section asks of the landscape around networks that do not have it."""

from collections.abc import Iterator, Sequence
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown
from plasticity.config.parameters import fact
from plasticity.config.study_section import sound_arms


def check_landscape(name: str, study: dict[str, Any], trainings: Sequence[str], findings: Findings) -> None:
    """Record measures of the landscape that mean nothing for a section's networks.

    What a network of the user's own code has is known when a job has built it.

    Args:
        name: Name of the section.
        study: What it says.
        trainings: Keys of the trainings whose networks are measured.
        findings: Gets what is wrong.
    """
    where, measure = (name, "measure"), study.get("measure")
    if not isinstance(measure, dict) or findings.touch(where):
        return
    probe = measure.get("probe", {})
    for optimizer in _probing(name, study, trainings, findings) if probe.get("momentum") else ():
        if not fact("optimizer", optimizer, "has_momentum", usual=True):
            expected = f"0 with the optimizer {optimizer}, which has none"
            findings.add((*where, "probe", "momentum"), expected=expected, got=shown(probe["momentum"]))
            break
    for model in _models(name, study, findings):
        _check_model(where, measure, model, findings)


def _probing(name: str, study: dict[str, Any], trainings: Sequence[str], findings: Findings) -> Iterator[str]:
    """Yield the optimizers that a section's probes train with: their own, or those of the measured networks."""
    if own := study["measure"]["probe"].get("optimizer"):
        yield own["name"]
        return
    arms = sound_arms(name, study, findings)
    places = {(name,): study} | {(name, "arms", arm): settings for arm, settings in arms.items()}
    for place, settings in places.items():
        for key in trainings:
            if "optimizer" in settings.get(key, {}) and not findings.touch((*place, key)):
                yield settings[key]["optimizer"]["name"]


def _models(name: str, study: dict[str, Any], findings: Findings) -> Iterator[dict[str, Any]]:
    """Yield the networks of a section and of its arms that are not of the user's own code."""
    places = {(name, "model"): study.get("model")}
    places |= {(name, "arms", key): arm.get("model") for key, arm in sound_arms(name, study, findings).items()}
    for place, model in places.items():
        if isinstance(model, dict) and not findings.touch(place) and ":" not in model["name"]:
            yield model


def _check_model(where: Location, measure: dict[str, Any], model: dict[str, Any], findings: Findings) -> None:
    network, probe = model["name"], measure.get("probe")
    renewed = probe is not None and probe.get("head", "renewed") == "renewed"
    if renewed and not fact("model", network, "has_hidden_layers", usual=True):
        expected = "kept with a network that is its head alone, as renewing it leaves nothing to measure"
        findings.add((*where, "probe", "head"), expected=expected, got=f"renewed with {network}")
