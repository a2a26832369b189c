"""What plans of all studies share: jobs that carry seeds, and settings that reach the stages that read them alone."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from plan_slices import DEMO, changed, plan_of, put, slices

SECTIONS = ("warm_start", "permuted", "train_test_collapse", "agents", "locomotion")
Leaves = dict[tuple[str, ...], tuple[Any, set[str]]]
"""Keys of a section -> another value, and the stages that read it."""

WARMED = {"warm_up", "measure", "fine_tune", "assemble"}
WARM_START: Leaves = {
    ("seeds",): ([7, 8, 9], set()),
    ("train_size",): (500, {"split"}),
    ("test_size",): (100, {"measure", "fine_tune"}),
    ("warm_up_fraction",): (0.25, {"split"}),
    ("precision",): ("fast", {"warm_up", "fine_tune"}),
    ("model", "name"): ("resnet18", {"warm_up", "intervene", "measure", "fine_tune"}),
    ("warm_up", "epochs"): (36, WARMED),
    ("warm_up", "checkpoint_every"): (2, WARMED),
    ("warm_up", "learning_rate"): (0.01, {"warm_up"}),
    ("warm_up", "momentum"): (0.5, {"warm_up"}),
    ("warm_up", "weight_decay"): (0.001, {"warm_up", "causes", "figures"}),  # a dose
    ("warm_up", "batch_size"): (32, {"warm_up", "measure"}),
    ("warm_up", "optimizer", "name"): ("muon", {"warm_up"}),
    ("warm_up", "penalty"): ({"name": "nc1", "weight": 0.5}, {"warm_up", "causes", "figures"}),  # a dose
    ("fine_tune", "learning_rate"): (0.01, {"fine_tune"}),
    ("fine_tune", "momentum"): (0.5, {"fine_tune"}),
    ("fine_tune", "weight_decay"): (0.1, {"fine_tune"}),
    ("fine_tune", "batch_size"): (32, {"fine_tune"}),
    ("fine_tune", "optimizer", "name"): ("muon", {"fine_tune"}),
    ("fine_tune", "stop_accuracy"): (0.9, {"fine_tune"}),
    ("fine_tune", "max_epochs"): (20, {"fine_tune"}),
    ("measure", "train_mode_nc1"): (True, {"measure"}),
    ("measure", "probe_images"): (100, {"measure"}),
    ("analysis", "window"): (20, {"correlate", "figures"}),
    ("analysis", "phase_boundary"): (8, {"correlate", "causes", "figures"}),
    ("analysis", "confidence"): (0.9, {"correlate", "causes", "figures"}),
}
LEARNT = {"first_task", "following"}
PERMUTED: Leaves = {
    ("seeds",): ([1, 2, 3, 4], set()),
    ("train_size",): (500, LEARNT),
    ("tasks", "name"): ("random_labels", LEARNT),
    ("model", "name"): ("mlp", set()),
    ("model", "hidden"): ([50], LEARNT),
    ("first_task", "epochs"): (3, {*LEARNT, "assemble", "causes", "figures"}),  # a dose
    ("first_task", "max_epochs"): (70, {*LEARNT, "assemble"}),
    ("first_task", "learning_rate"): (0.02, {*LEARNT, "assemble"}),  # the baseline's training gets a name of its own
    ("first_task", "weight_decay"): (0.01, {*LEARNT, "assemble"}),
    ("first_task", "batch_size"): (4, {*LEARNT, "assemble"}),
    ("first_task", "penalty"): ({"name": "none"}, set()),
    ("following", "tasks"): (20, {"following"}),
    ("following", "epochs"): (2, {*LEARNT, "assemble"}),
    ("following", "learning_rate"): (0.02, {*LEARNT, "assemble"}),
    ("following", "weight_decay"): (0.01, {*LEARNT, "assemble"}),
    ("following", "batch_size"): (4, {*LEARNT, "assemble"}),
    ("following", "penalty"): ({"name": "none"}, set()),
    ("measure", "probe_images"): (100, LEARNT),
    ("analysis", "confidence"): (0.9, {"correlate", "causes", "explain", "figures"}),
}
TRAINED = {"pre_train", "measure", "transfer"}
TRAIN_TEST: Leaves = {
    ("seeds",): ([1, 2, 3, 4], set()),
    ("train_size",): (400, TRAINED),
    ("test_size",): (100, TRAINED),
    ("balanced",): (False, TRAINED),
    ("model", "name"): ("mlp", set()),  # others have other keys
    ("model", "hidden"): ([50], TRAINED),
    ("model", "initialisation"): ("kaiming", TRAINED),
    ("training", "iterations"): (2000, {"pre_train"}),
    ("training", "checkpoints"): (8, {"pre_train"}),
    ("training", "learning_rate"): (0.02, {"pre_train"}),
    ("training", "annealing"): ("none", {"pre_train"}),
    ("training", "momentum"): (0.5, {"pre_train"}),
    ("training", "weight_decay"): (0.001, {"pre_train", "correlate", "figures"}),  # that of a family
    ("training", "batch_size"): (64, {"pre_train"}),
    ("next_task", "train_size"): (100, {"transfer"}),
    ("next_task", "validation_size"): (100, {"transfer"}),
    ("next_task", "test_size"): (100, {"transfer"}),
    ("next_task", "iterations"): (200, {"transfer"}),
    ("next_task", "learning_rates"): ([0.001, 0.1], {"transfer"}),
    ("next_task", "annealing"): ("none", {"transfer"}),
    ("next_task", "momentum"): (0.5, {"transfer"}),
    ("next_task", "weight_decay"): (0.1, {"transfer"}),
    ("next_task", "batch_size"): (64, {"transfer"}),
    ("measure", "k_means_restarts"): (5, {"measure"}),
    ("analysis", "confidence"): (0.9, {"correlate", "figures"}),
}
SEEN = {"train", "measure"}
AGENTS: Leaves = {
    ("seeds",): ([1, 2, 3, 4], set()),
    ("environments",): (["sparse"], {*SEEN, "assemble", "tabulate", "figures"}),  # arms have their names
    ("train_size",): (300, SEEN),
    ("model", "name"): ("mlp", set()),  # others have other keys
    ("model", "hidden"): ([9], SEEN),
    ("training", "steps"): (120, {"train"}),
    ("training", "checkpoint_every"): (10, {"train"}),
    ("training", "target_period"): (5, {"train", "assemble"}),
    ("training", "batch_size"): (4, {"train"}),
    ("training", "replay"): (50, {"train"}),
    ("training", "learning_rate"): (0.1, SEEN),  # the probe's as well
    ("training", "optimizer", "name"): ("rmsprop", {*SEEN, "assemble"}),
    ("measure", "probe_images"): (50, {"measure"}),
    ("measure", "gradients", "images"): (30, {"measure"}),
    ("measure", "probe", "images"): (50, {"measure"}),
    ("measure", "probe", "targets"): (3, {"measure"}),
    ("measure", "probe", "steps"): (5, {"measure"}),
    ("measure", "probe", "batch_size"): (10, {"measure"}),
    ("measure", "probe", "head"): ("renewed", {"measure"}),
    ("analysis", "confidence"): (0.9, {"correlate", "falsify", "figures"}),
}
LOCOMOTION: Leaves = {
    ("seeds",): ([1, 2, 3, 4], set()),
    ("ground", "name"): ("InvertedDoublePendulum-v5", {*SEEN, "assemble"}),
    ("ground", "change_every"): (640, {*SEEN, "assemble"}),
    ("ground", "tasks"): (4, {*SEEN, "assemble"}),
    ("ground", "frictions", "first"): ([1.0, 2.0], {*SEEN, "assemble"}),
    ("model", "name"): ("mlp", set()),  # others have other keys
    ("model", "hidden"): ([9], SEEN),
    ("training", "rollout"): (48, {"train"}),
    ("training", "epochs"): (3, {"train"}),
    ("training", "batch_size"): (8, {"train"}),
    ("training", "learning_rate"): (0.1, SEEN),  # the probe's as well
    ("measure", "layers", "images"): (50, {"measure"}),
    ("measure", "layers", "hidden"): (1, {"measure"}),
    ("measure", "gradients", "images"): (30, {"measure"}),
    ("measure", "probe", "images"): (50, {"measure"}),
    ("measure", "probe", "targets"): (3, {"measure"}),
    ("measure", "probe", "steps"): (6, {"measure"}),
    ("measure", "probe", "batch_size"): (20, {"measure"}),
    ("measure", "probe", "head"): ("renewed", {"measure"}),
    ("analysis", "confidence"): (0.9, {"correlate", "figures"}),
}
LEAVES: dict[str, Leaves] = dict(zip(SECTIONS, (WARM_START, PERMUTED, TRAIN_TEST, AGENTS, LOCOMOTION), strict=True))
CASES = [pytest.param(section, keys, id=".".join((section, *keys))) for section in SECTIONS for keys in LEAVES[section]]
STYLED: dict[str, str] = {
    "warm_start": "plasticity_gap",
    "permuted": "task_correlations",
    "train_test_collapse": "variances_by_layer",
    "agents": "falsification",
    "locomotion": "return_by_step",
}
LABELLED: dict[str, str] = {
    "warm_start": "warm_start",
    "permuted": "continual",
    "train_test_collapse": "cascade",
    "agents": "none",
    "locomotion": "none",
}


def _leaves(section: Mapping[str, Any], *before: str) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for key, value in section.items():
        inner = isinstance(value, dict) and key != "penalty"
        found |= _leaves(value, *before, key) if inner else {(*before, key)}
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_is_among_the_cases(section: str) -> None:
    plain = {key: value for key, value in DEMO[section].items() if key not in ("arms", "figures")}
    assert _leaves(plain) == set(LEAVES[section])


@pytest.mark.parametrize(("section", "keys"), CASES)
def test_a_changed_key_reaches_the_stages_that_read_it_and_no_other(section: str, keys: tuple[str, ...]) -> None:
    value, expected = LEAVES[section][keys]
    assert set(changed(plan_of(section, put(keys, value)))) == expected


@pytest.mark.parametrize("section", SECTIONS)
def test_style_labels_and_jobs_reach_no_stage_that_trains(section: str) -> None:
    styled = plan_of(section, put(("figures", STYLED[section]), {"width": 4}))
    assert changed(styled) == {"figures": {""}}
    labelled = plan_of(section, put(("arms", LABELLED[section]), {"label": "on and on"}))
    assert set(changed(labelled)) == {"figures", "tabulate"}
    assert changed(plan_of(section, fine_tunings_per_job=3, seeds_per_job=2)) == {}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_every_seed_has_one_job_and_a_new_one_leaves_full_jobs_as_they_are(section: str, size: int) -> None:
    groups, more = (
        plan_of(section, put(("seeds",), seeds), seeds_per_job=size).groups
        for seeds in ([4, 9, 2, 7, 1], [4, 9, 2, 7, 1, 8])
    )
    assert [seed for seeds in groups.values() for seed in seeds] == [4, 9, 2, 7, 1]
    assert max(map(len, groups.values())) == min(size, 5)
    assert all(name == f"seeds{seeds[0]}-{seeds[-1]}" for name, seeds in groups.items())
    assert {name: seeds for name, seeds in groups.items() if len(seeds) == size}.items() <= more.items()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_plan_leaves_the_configuration_as_it_is(section: str) -> None:
    plan = plan_of(section)
    before = deepcopy(plan.config.mapping)
    slices(plan)
    assert plan.config.mapping == before
