"""What rules take from the plans of the demonstration's sections as settings, and which of it a change reaches."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from of_studies import TINY_AGENTS, TINY_LOCOMOTION
from plasticity.studies import sections_of
from plasticity.studies.configuration import typed_config

ROOT = Path(__file__).parents[1]
DEMO = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
EVEN_ODD = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
DEMO |= {"agents": deepcopy(TINY_AGENTS), "locomotion": deepcopy(TINY_LOCOMOTION)}
for part in ("warm_up", "fine_tune"):
    DEMO["warm_start"][part]["optimizer"] = {"name": "sgd"}  # which has momentum
DEMO["train_test_collapse"]["arms"] |= {"transfer": {"super_classes": EVEN_ODD}}  # so that there is a next task

Change = Callable[[dict[str, Any]], Any]
Slices = dict[tuple[str, Any], Any]


def nothing(section: dict[str, Any]) -> None:
    """Change nothing."""


def put(keys: tuple[str, ...], value: Any) -> Change:
    """Put a value where some keys lead."""

    def change(section: dict[str, Any]) -> None:
        for key in keys[:-1]:
            section = section[key]
        section[keys[-1]] = value

    return change


def plan_of(section: str, change: Change = nothing, **jobs: int) -> Any:
    """The plan of a section of the demonstration after a change of the section, and of how work is cut into jobs."""
    config = deepcopy(DEMO)
    config["jobs"] |= jobs
    change(config[section])
    return sections_of(config)[section].plan_of(typed_config(config, root=ROOT), section)


def slices(plan: Any) -> Slices:
    """Everything that rules take from a plan as their settings, by stage and name."""
    found: Slices = {
        ("assemble", ""): plan.assemble_settings(),
        ("correlate", ""): plan.correlate_settings(),
        ("tabulate", ""): plan.tabulate_settings(()),
        ("figures", ""): (plan.display_settings(), plan.style_settings()),
    }
    if hasattr(plan, "explain_settings"):
        found["explain", ""] = plan.explain_settings()
    if hasattr(plan, "causes_settings"):
        found["causes", ""] = plan.causes_settings()
    return found | _OF_STUDY[sections_of(plan.config.mapping)[plan.name].name](plan)


@cache
def _demonstrated(section: str) -> Slices:
    return slices(plan_of(section))


def changed(plan: Any) -> dict[str, set[Any]]:
    """Names whose settings differ from the demonstration's, by stage."""
    before, after = _demonstrated(plan.name), slices(plan)
    odd = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return {stage: {name for other, name in odd if other == stage} for stage, _ in odd}


def _of_warm_start(plan: Any) -> Slices:
    return (
        {("split", ""): plan.split_settings()}
        | {("warm_up", name): plan.warm_up_settings(name) for name in plan.warm_ups}
        | {("intervene", name): plan.intervene_settings(name) for name in plan.interventions}
        | {("measure", name): (plan.measure_settings(name), epochs) for name, epochs in plan.starts.items()}
        | {("fine_tune", name): (plan.fine_tune_settings(name), arm.epochs) for name, arm in plan.arms.items()}
    )


def _of_continual(plan: Any) -> Slices:
    starts = {("following", name): plan.first_task_of(name) for name in plan.experiments}
    return (
        {("first_task", name): plan.first_task_settings(name) for name in plan.first_tasks}
        | {(stage, name): (plan.following_settings(name), start) for (stage, name), start in starts.items()}
        | {("assemble", "first_tasks"): list(plan.first_tasks)}
    )


def _of_train_test(plan: Any) -> Slices:
    return (
        {("pre_train", name): plan.pre_train_settings(name) for name in plan.arms}
        | {("measure", name): plan.measure_settings(name) for name in plan.arms}
        | {
            ("transfer", (arm, rate)): plan.transfer_settings(arm, rate)
            for arm in plan.transfers
            for rate in plan.rates
        }
    )


def _of_agents(plan: Any) -> Slices:
    return (
        {("train", name): plan.train_settings(name) for name in plan.arms}
        | {("measure", name): plan.measure_settings(name) for name in plan.arms}
        | {("falsify", ""): plan.falsify_settings()}
    )


def _of_locomotion(plan: Any) -> Slices:
    return {("train", name): plan.train_settings(name) for name in plan.arms} | {
        ("measure", name): plan.measure_settings(name) for name in plan.arms
    }


_OF_STUDY: Mapping[str, Callable[[Any], Slices]] = {
    "warm_start": _of_warm_start,
    "continual": _of_continual,
    "train_test_collapse": _of_train_test,
    "agents": _of_agents,
    "locomotion": _of_locomotion,
}
