"""The study of locomotion: an environment that can be had, and networks, lengths and methods that fit it."""

from collections.abc import Mapping, Sequence
from typing import Any

from plasticity.config.agent_check import check_agent_training
from plasticity.config.arms import Arm, expand_arm
from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.environments import wrong_with
from plasticity.config.findings import Findings
from plasticity.config.locomotion_section import Frictions, Ground
from plasticity.config.messages import Location, shown
from plasticity.config.network_check import check_network
from plasticity.config.study_section import sound_arms

Training = Mapping[str, Any]
Model = Mapping[str, Any]
_NAME, _EVERY = (Ground.model_fields[key].default for key in ("name", "change_every"))
_VECTORS = ("mlp", "logistic_regression")  # networks that take an observation, an image of one row and one channel


def check_locomotion(name: str, study: dict[str, Any], usual: Training, findings: Findings) -> None:
    """Record what is wrong in a section of the study.

    Args:
        name: Its name.
        study: What it says.
        usual: Values of the training's keys that are left open.
        findings: Gets what is wrong.
    """
    arms = sound_arms(name, study, findings)
    check_names_of_arms((name, "arms"), arms, findings)
    if any(findings.touch((name, key)) for key in ("ground", "measure", "training", "model")):
        return
    training, ground = {**usual, **study["training"]}, study["ground"]
    every = ground.get("change_every", _EVERY)
    _check_environment((name, "ground", "name"), ground.get("name", _NAME), findings)
    seeds = () if findings.touch((name, "seeds")) else study["seeds"]
    _check_frictions((name, "ground", "frictions"), ground.get("frictions", {}), seeds, findings)
    _check_training((name, "training"), training, study["model"], every, findings)
    _check_model((name, "model"), study["model"], findings)
    for arm, settings in arms.items():
        _check_arm((name, "arms", arm), settings, training, study["model"], every, findings)


def _check_arm(location: Location, arm: Arm, training: Training, model: Model, every: int, findings: Findings) -> None:
    own = arm.get("model", model)
    if "model" in arm:
        _check_model((*location, "model"), own, findings)
    if any(findings.touch((location[0], key)) for key in ("training", "model")):
        return
    if "training" in arm:
        for _, single in expand_arm("arm", arm):
            _check_training((*location, "training"), {**training, **single["training"]}, own, every, findings)
    elif "model" in arm:
        check_network((*location, "training"), training, own, findings)


def _check_environment(location: Location, name: str, findings: Findings) -> None:
    if wrong := wrong_with(name):
        expected, got = wrong
        findings.add(location, expected=expected, got=got)


def _check_frictions(location: Location, said: Mapping[str, Any], seeds: Sequence[int], findings: Findings) -> None:
    """Record ends in the wrong order, and rows that stand beside frictions of all seeds or lack a seed."""
    usual, rows = Frictions(), said.get("rows") or ()
    if rows and said.get("first"):
        findings.add((*location, "first"), expected="either first or rows", got="both")
    if rows and (beyond := [seed for seed in seeds if seed >= len(rows)]):
        expected = f"a row for every seed up to {max(beyond)}, counted from 0"
        findings.add((*location, "rows"), expected=expected, got=f"{len(rows)}")
    lowest, highest = (said.get(key, getattr(usual, key)) for key in ("lowest", "highest"))
    if highest < lowest:
        findings.add((*location, "highest"), expected=f"at least lowest, {lowest:g}", got=shown(highest))


def _check_training(location: Location, training: Training, model: Model, every: int, findings: Findings) -> None:
    """Record lengths that do not divide, tasks without a whole update, and methods that do not apply."""
    rollout, batch = training["rollout"], training["batch_size"]
    if rollout % batch:
        findings.add((*location, "batch_size"), expected=f"a divisor of rollout, {rollout}", got=shown(batch))
    if every < 2 * rollout:
        expected = f"at most half of change_every, {every}, so that a task has an update of its own"
        findings.add((*location, "rollout"), expected=expected, got=shown(rollout))
    check_agent_training(location, training, model, findings, classes=False)


def _check_model(location: Location, model: Model, findings: Findings) -> None:
    """Record networks for images; what one of the user's own code takes is known when a job has built it."""
    if ":" not in model["name"] and model["name"] not in _VECTORS:
        expected = f"{' or '.join(_VECTORS)}, as an observation is a vector"
        findings.add(location, expected=expected, got=shown(model["name"]))
    elif model.get("spectral_norm"):
        expected = "a network without running statistics, as agents act on one observation at a time"
        findings.add(location, expected=expected, got=f"{model['name']} with spectral_norm")
