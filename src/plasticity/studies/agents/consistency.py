"""The study of agents: lengths that are whole periods, methods and networks that a stack of agents carries."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.agent_check import check_agent_training
from plasticity.config.agent_section import TwoHot
from plasticity.config.arms import Arm, expand_arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.findings import Findings
from plasticity.config.intervention_check import check_intervention
from plasticity.config.messages import Location, shown
from plasticity.config.network_check import check_network
from plasticity.config.parameters import fact

Training = Mapping[str, Any]
Model = Mapping[str, Any]


def check_agents(name: str, study: dict[str, Any], usual: Training, findings: Findings) -> None:
    """Record what is wrong in a section of the study.

    Args:
        name: Its name.
        study: What it says.
        usual: Values of the training's keys that are left open.
        findings: Gets what is wrong.
    """
    where = (name, "arms")
    sound = {arm: settings for arm, settings in study["arms"].items() if not findings.touch((*where, arm))}
    check_names_of_arms(where, sound, findings)
    for place in (name, "measure"), (name, "training"), (name, "model"):
        if findings.touch(place):
            return
    training = {**usual, **study["training"]}
    _check_training((name, "training"), training, study["model"], findings)
    _check_model((name, "model"), study["model"], findings)
    two_hot = [training.get("two_hot")]
    for arm, settings in sound.items():
        _check_arm((*where, arm), settings, training, study["model"], findings)
        two_hot.append(settings.get("training", {}).get("two_hot"))
    _check_measure((name, "measure"), study["measure"], any(two_hot), findings)


def _check_arm(location: Location, arm: Arm, training: Training, model: Model, findings: Findings) -> None:
    own = arm.get("model", model)
    if "model" in arm:
        _check_model((*location, "model"), own, findings)
    chosen = arm.get("intervention")
    if chosen and fact("intervention", chosen["name"], "reads_next_task", usual=False):
        expected = "an intervention that reads no next task, as agents have none"
        findings.add((*location, "intervention"), expected=expected, got=shown(chosen["name"]))
    if any(findings.touch((location[0], key)) for key in ("training", "model")):
        return
    if chosen:
        for _, single in expand_arm("arm", arm):
            own_training = {**training, **single.get("training", {})}
            check_intervention((*location, "intervention"), chosen, own_training, findings)
            if own_training.get("brownian"):
                expected = "nothing with training.brownian, which keeps another network than the one it changes"
                findings.add((*location, "intervention"), expected=expected, got=shown(chosen["name"]))
    if "training" in arm:
        for _, single in expand_arm("arm", arm):
            _check_training((*location, "training"), {**training, **single["training"]}, own, findings)
    elif "model" in arm:
        check_network((*location, "training"), training, own, findings)


def _check_training(location: Location, training: Training, model: Model, findings: Findings) -> None:
    """Record lengths that are no whole periods, and methods that a stack of agents or the network does not carry."""
    if training["replay"] < training["batch_size"]:
        expected = f"at least the {training['batch_size']} transitions of a batch"
        findings.add((*location, "replay"), expected=expected, got=shown(training["replay"]))
    if two_hot := training.get("two_hot"):
        usual = TwoHot()
        lowest, highest = (two_hot.get(end, getattr(usual, end)) for end in ("lowest", "highest"))
        if highest <= lowest:
            expected = f"more than lowest, {lowest:g}"
            findings.add((*location, "two_hot", "highest"), expected=expected, got=shown(highest))
    for key, part in ("checkpoint_every", "target_period"), ("steps", "checkpoint_every"):
        if training[key] % training[part]:
            expected = f"a multiple of {part}, {training[part]}"
            findings.add((*location, key), expected=expected, got=shown(training[key]))
    optimizer = (training.get("optimizer") or {}).get("name", "sgd")
    if not fact("optimizer", optimizer, "by_element", usual=False):
        expected = "an elementwise optimizer, as agents are trained as one stack"
        findings.add((*location, "optimizer"), expected=expected, got=shown(optimizer))
    check_agent_training(location, training, model, findings, classes=True)


def _check_model(location: Location, model: Model, findings: Findings) -> None:
    """Record networks with running statistics: an agent acts on one image at a time."""
    if ":" in model["name"]:  # known when a job has built it
        return
    kept = "batch normalisation" if fact("model", model["name"], "normalises_batches", usual=False) else ""
    kept = "spectral_norm" if model.get("spectral_norm") else kept
    if kept:
        expected = "a network without running statistics, as agents act on one image at a time"
        findings.add(location, expected=expected, got=f"{model['name']} with {kept}")


def _check_measure(location: Location, measure: Mapping[str, Any], two_hot: bool, findings: Findings) -> None:
    if two_hot and measure.get("curvature"):
        expected = "nothing with two_hot, whose outputs are too many for the exact spectrum"
        findings.add((*location, "curvature"), expected=expected, got="a mapping")
