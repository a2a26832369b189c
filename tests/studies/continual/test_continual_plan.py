from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from plasticity.config.training_section import Optimisation
from plasticity.studies.configuration import typed_config
from plasticity.studies.continual.plan import PermutedPlan

ROOT = Path(__file__).parents[3]
DEMO = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
SHRINK = {"name": "shrink_perturb", "shrink": 0.6, "perturb": 0.01}


def _plan(change: Callable[[dict[str, Any]], Any] = lambda study: None) -> PermutedPlan:
    config = deepcopy(DEMO)
    change(config["permuted"])
    return PermutedPlan(typed_config(config, root=ROOT))


def _with_arms(**arms: Any) -> PermutedPlan:
    return _plan(lambda study: study.update(arms=arms))


def _put(keys: tuple[str, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    def change(section: dict[str, Any]) -> None:
        for key in keys[:-1]:
            section = section[key]
        section[keys[-1]] = value

    return change


PLAN = _with_arms(
    continual={"following": {"tasks": 50}},
    first_task_length={"first_task": {"epochs": [1, 5]}, "label": "length"},
    first_task_collapse={"first_task": {"nc1_below": [0.4, 0.3], "max_epochs": 20}},
    shrink_perturb={"intervention": {**SHRINK, "shrink": [0.2, 0.8]}, "intervene_after": "every_task"},
    decayed={"first_task": {"weight_decay": 0.001}, "following": {"weight_decay": 0.001, "tasks": 7}},
    regularised={"first_task": {"weight_decay": 0.001}},
)
BASELINES = ("random_init", "random_init_weight_decay0.001")


def test_arms_are_the_baselines_and_those_of_the_configuration_with_lists_expanded() -> None:
    assert list(PLAN.arms) == [
        *BASELINES,
        *("continual", "first_task_length_1", "first_task_length_5", "first_task_collapse_0.4"),
        *("first_task_collapse_0.3", "shrink_perturb_0.2", "shrink_perturb_0.8", "decayed", "regularised"),
    ]
    assert {name: [arm.name for arm in arms] for name, arms in PLAN.experiments.items()} == {
        "random_init": list(BASELINES),
        "continual": ["continual"],
        "first_task_length": ["first_task_length_1", "first_task_length_5"],
        "first_task_collapse": ["first_task_collapse_0.4", "first_task_collapse_0.3"],
        "shrink_perturb": ["shrink_perturb_0.2", "shrink_perturb_0.8"],
        "decayed": ["decayed"],
        "regularised": ["regularised"],
    }
    assert PLAN.arms["first_task_length_5"].label == "length 5"
    assert PLAN.arms["shrink_perturb_0.2"].label == "shrink perturb 0.2"


def test_a_first_task_ends_by_length_or_by_threshold() -> None:
    length, collapse = PLAN.arms["first_task_length_5"], PLAN.arms["first_task_collapse_0.3"]
    assert (length.epochs, length.nc1_below) == (5, None)
    assert (collapse.epochs, collapse.nc1_below, collapse.max_epochs) == (None, 0.3, 20)
    assert (PLAN.arms["continual"].epochs, PLAN.arms["continual"].nc1_below) == (1, None)


def test_what_an_arm_leaves_open_is_the_studys() -> None:
    following = DEMO["permuted"]["following"]
    assert PLAN.arms["continual"].following.given() == {**following, "tasks": 50}
    assert PLAN.arms["decayed"].following.given() == {**following, "weight_decay": 0.001, "tasks": 7}
    assert PLAN.arms["regularised"].following.given() == following
    assert PLAN.arms["decayed"].training.weight_decay == 0.001
    assert (PLAN.arms["continual"].intervention, PLAN.arms["continual"].intervene_after) == (None, "first_task")
    shrink = PLAN.arms["shrink_perturb_0.8"]
    assert shrink.intervention is not None
    assert (shrink.intervention.parameters["shrink"], shrink.intervene_after) == (0.8, "every_task")


def test_arms_that_train_the_first_task_alike_share_it() -> None:
    assert {name: [arm.name for arm in arms] for name, arms in PLAN.first_tasks.items()} == {
        "plain": [
            *("random_init", "continual", "first_task_length_1", "first_task_length_5", "first_task_collapse_0.4"),
            *("first_task_collapse_0.3", "shrink_perturb_0.2", "shrink_perturb_0.8"),
        ],
        "weight_decay0.001": ["random_init_weight_decay0.001", "decayed", "regularised"],
    }
    assert PLAN.first_task_of("random_init") == ["plain", "weight_decay0.001"]
    assert PLAN.first_task_of("shrink_perturb") == ["plain"]


def test_a_baseline_is_a_fresh_network_that_trains_as_the_arms_it_is_for() -> None:
    assert {name: arm.reference for name, arm in PLAN.arms.items()} == {
        **dict.fromkeys(PLAN.arms, "random_init"),
        "random_init_weight_decay0.001": "random_init_weight_decay0.001",
        "decayed": "random_init_weight_decay0.001",
    }
    for name in BASELINES:
        arm = PLAN.arms[name]
        assert arm.intervention is not None
        reset = {"name": "shrink_perturb", "shrink": 0.0, "perturb": 1.0, "batch_norm": "keep"}
        assert arm.intervention.model_dump() == reset
        assert arm.intervene_after == "every_task"
        for key in ("learning_rate", "weight_decay", "batch_size", "penalty"):
            assert getattr(arm.training, key) == getattr(arm.following, key)
        assert (arm.epochs, arm.nc1_below) == (arm.following.epochs, None)


def test_a_baseline_goes_as_far_as_the_arm_that_goes_furthest() -> None:
    assert {name: PLAN.arms[name].following.tasks for name in BASELINES} == dict(zip(BASELINES, (50, 7), strict=True))
    for arm in PLAN.arms.values():
        assert PLAN.arms[arm.reference].following.tasks >= arm.following.tasks


def test_a_baselines_first_task_is_as_long_as_its_others() -> None:
    plan = _plan(_put(("following", "epochs"), 3))
    assert plan.arms["random_init"].epochs == 3
    assert 3 in plan.first_task_settings("plain").epochs


def test_the_first_task_is_trained_to_what_any_of_its_arms_asks_for() -> None:
    settings = PLAN.first_task_settings("plain")
    assert (settings.epochs, settings.thresholds, settings.max_epochs) == ((1, 5), (0.4, 0.3), 20)
    assert settings.training == "plain"
    said = {"learning_rate": 0.01, "weight_decay": 0.0, "batch_size": 1, "penalty": {"name": "none"}}
    assert settings.first_task == Optimisation.of(said)
    decayed = PLAN.first_task_settings("weight_decay0.001")
    assert (decayed.epochs, decayed.thresholds, decayed.max_epochs) == ((1,), (), 0)
    assert decayed.first_task.weight_decay == 0.001


def test_caps_of_a_shared_first_task_are_the_largest_of_those_that_wait_for_a_threshold() -> None:
    arms = {f"a{cap}": {"first_task": {"nc1_below": 0.4, "max_epochs": cap}} for cap in (5, 30, 7)}
    plan = _with_arms(**arms, other={"first_task": {"epochs": 2, "max_epochs": 90}})
    assert plan.first_task_settings("plain").max_epochs == 30
    assert plan.first_task_settings("plain").thresholds == (0.4,)


def test_settings_of_the_following_tasks_are_those_of_the_experiments_arms() -> None:
    settings = PLAN.following_settings("decayed")
    assert settings.experiment == "decayed"
    (arm,) = settings.arms
    assert (arm.name, arm.first_task, arm.tasks) == ("decayed", "weight_decay0.001", 7)
    assert arm.following.weight_decay == 0.001
    assert settings.measure.probe_images == DEMO["permuted"]["measure"]["probe_images"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_groups_cover_every_seed_once(size: int) -> None:
    config = deepcopy(DEMO)
    config["jobs"]["seeds_per_job"] = size
    config["permuted"]["seeds"] = [4, 9, 2, 7, 1]
    groups = PermutedPlan(typed_config(config, root=ROOT)).groups
    assert [seed for group in groups.values() for seed in group] == [4, 9, 2, 7, 1]
    assert all(1 <= len(group) <= size for group in groups.values())
    assert all(name == f"seeds{group[0]}-{group[-1]}" for name, group in groups.items())


def test_a_new_seed_leaves_full_groups_as_they_are() -> None:
    before, after = (_plan(_put(("seeds",), seeds)).groups for seeds in ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]))
    assert after == {**before, "seeds6-6": (6,)}


def test_the_plan_leaves_the_configuration_as_it_is() -> None:
    config = typed_config(DEMO, root=ROOT)
    before = deepcopy(config.mapping)
    _slices(PermutedPlan(config))
    assert config.mapping == before


def _slices(plan: PermutedPlan) -> dict[tuple[str, str], Any]:
    """Everything that rules take from the plan as their settings, by stage and name."""
    found: dict[tuple[str, str], Any] = {
        ("assemble", ""): (plan.assemble_settings(), list(plan.first_tasks)),
        ("correlate", ""): plan.correlate_settings(),
        ("causes", ""): plan.causes_settings(),
        ("tabulate", ""): plan.tabulate_settings(()),
    }
    found |= {("first_task", name): plan.first_task_settings(name) for name in plan.first_tasks}
    found |= {
        ("following", name): (plan.following_settings(name), plan.first_task_of(name)) for name in plan.experiments
    }
    return found | {("figures", ""): plan.drawing_settings()}


DEMO_PLAN = _plan()


def _changed(plan: PermutedPlan) -> dict[str, set[str]]:
    """Names whose settings differ from the demonstration's, by stage."""
    before, after = _slices(DEMO_PLAN), _slices(plan)
    odd = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return {stage: {name for other, name in odd if other == stage} for stage, _ in odd}


TRAINED = {"first_task", "following"}
LEAVES: dict[tuple[str, ...], tuple[Any, set[str]]] = {
    ("seeds",): ([1, 2, 3, 4], set()),
    ("train_size",): (500, TRAINED),
    ("tasks", "name"): ("random_labels", TRAINED),
    ("model", "name"): ("mlp", set()),  # there is no other
    ("model", "hidden"): ([50], TRAINED),
    ("first_task", "epochs"): (3, {*TRAINED, "assemble", "causes", "figures"}),  # a dose
    ("first_task", "max_epochs"): (70, {*TRAINED, "assemble"}),
    ("first_task", "learning_rate"): (0.02, {*TRAINED, "assemble"}),  # the baseline's training gets a name of its own
    ("first_task", "weight_decay"): (0.01, {*TRAINED, "assemble"}),
    ("first_task", "batch_size"): (4, {*TRAINED, "assemble"}),
    ("first_task", "penalty"): ({"name": "none"}, set()),
    ("following", "tasks"): (20, {"following"}),
    ("following", "epochs"): (2, {*TRAINED, "assemble"}),
    ("following", "learning_rate"): (0.02, {*TRAINED, "assemble"}),
    ("following", "weight_decay"): (0.01, {*TRAINED, "assemble"}),
    ("following", "batch_size"): (4, {*TRAINED, "assemble"}),
    ("following", "penalty"): ({"name": "none"}, set()),
    ("measure", "probe_images"): (100, TRAINED),
    ("analysis", "confidence"): (0.9, {"correlate", "causes", "figures"}),
}


def _leaves(section: Mapping[str, Any], *before: str) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for key, value in section.items():
        inner = isinstance(value, dict) and key != "penalty"
        found |= _leaves(value, *before, key) if inner else {(*before, key)}
    return found


def test_every_key_of_the_study_is_among_the_cases_below() -> None:
    plain = {key: value for key, value in DEMO["permuted"].items() if key not in ("arms", "figures")}
    assert _leaves(plain) == set(LEAVES)


@pytest.mark.parametrize("keys", LEAVES, ids=".".join)
def test_a_changed_key_reaches_the_stages_that_read_it_and_no_other(keys: tuple[str, ...]) -> None:
    value, expected = LEAVES[keys]
    assert set(_changed(_plan(_put(keys, value)))) == expected


def test_the_style_of_a_figure_changes_the_drawing_alone() -> None:
    changed = _changed(_plan(_put(("figures", "task_correlations"), {"width": 4})))
    assert changed == {"figures": {""}}


def test_a_label_changes_figures_and_tables_only() -> None:
    assert set(_changed(_plan(_put(("arms", "continual"), {"label": "on and on"})))) == {"figures", "tabulate"}


def test_an_interventions_strength_changes_only_its_own_experiment() -> None:
    changed = _changed(_plan(_put(("arms", "shrink_perturb", "intervention", "shrink"), 0.5)))
    assert changed == {"following": {"shrink_perturb"}}


def test_a_new_length_leaves_other_experiments_as_they_are() -> None:
    changed = _changed(_plan(_put(("arms", "first_task_length", "first_task", "epochs"), [1, 2, 5, 10, 50, 100, 200])))
    assert changed["first_task"] == {"plain"}
    assert changed["following"] == {"first_task_length"}


def test_the_number_of_seeds_per_job_changes_no_settings() -> None:
    config = deepcopy(DEMO)
    config["jobs"]["seeds_per_job"] = 1
    assert _changed(PermutedPlan(typed_config(config, root=ROOT))) == {}
