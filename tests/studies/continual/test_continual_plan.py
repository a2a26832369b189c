from typing import Any

from plan_slices import DEMO, Change, changed, nothing, plan_of, put
from plasticity.config.training_section import Optimisation
from plasticity.studies.continual.plan import PermutedPlan

SHRINK = {"name": "shrink_perturb", "shrink": 0.6, "perturb": 0.01}


def _plan(change: Change = nothing) -> PermutedPlan:
    return plan_of("permuted", change)


def _with_arms(**arms: Any) -> PermutedPlan:
    return _plan(lambda study: study.update(arms=arms))


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
    assert PLAN.arms["shrink_perturb_0.2"].label == "shrink and perturb 0.2"


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
    assert [PLAN.labels[name] for name in BASELINES] == ["random init", "random init with decayed"]
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
        reset = {"name": "shrink_perturb", "shrink": 0.0, "perturb": 1.0, "batch_norm": "fresh"}
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
    plan = _plan(put(("following", "epochs"), 3))
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


def test_an_interventions_strength_changes_only_its_own_experiment() -> None:
    found = changed(_plan(put(("arms", "shrink_perturb", "intervention", "shrink"), 0.5)))
    assert found == {"following": {"shrink_perturb"}}


def test_a_new_length_leaves_other_experiments_as_they_are() -> None:
    found = changed(_plan(put(("arms", "first_task_length", "first_task", "epochs"), [1, 2, 5, 10, 50, 100, 200])))
    assert found["first_task"] == {"plain"}
    assert found["following"] == {"first_task_length"}


NORMALISED = {"name": "mlp", "layer_norm": True}
LYLE = {"name": "convnet_lyle", "channels": [4, 4]}
NETWORKS = _with_arms(
    continual={},
    normalised={"model": NORMALISED},
    convnet={"model": LYLE, "following": {"batch_size": 16}},
    same={"model": {"name": "mlp", "hidden": [100, 100, 100]}},
)


def test_a_baseline_has_the_network_of_the_arms_it_is_for_and_jobs_have_networks_of_one_kind() -> None:
    assert {name: [arm.name for arm in arms] for name, arms in NETWORKS.experiments.items()} == {
        "random_init": ["random_init"],
        "random_init_mlp_layer_normTrue": ["random_init_mlp_layer_normTrue"],
        "random_init_convnet_lyle_channels4-4": ["random_init_convnet_lyle_channels4-4_batch_size16"],
        **{name: [name] for name in ("continual", "normalised", "convnet", "same")},
    }
    for arm in NETWORKS.arms.values():
        reference = NETWORKS.arms[arm.reference]
        assert (reference.model, reference.following.batch_size) == (arm.model, arm.following.batch_size)
    for name, arms in NETWORKS.experiments.items():
        assert all(arm.model == NETWORKS.following_settings(name).model for arm in arms)


def test_first_tasks_of_other_networks_are_trained_for_themselves() -> None:
    assert {name: [arm.name for arm in arms] for name, arms in NETWORKS.first_tasks.items()} == {
        "plain": ["random_init", "continual", "same"],
        "mlp_layer_normTrue": ["random_init_mlp_layer_normTrue", "normalised"],
        "convnet_lyle_channels4-4_batch_size16": ["random_init_convnet_lyle_channels4-4_batch_size16"],
        "convnet_lyle_channels4-4": ["convnet"],
    }
    assert NETWORKS.first_task_settings("mlp_layer_normTrue").model.parameters["layer_norm"] is True


def test_arms_of_other_networks_are_neither_in_the_experiment_nor_compared_with_what_is_published() -> None:
    assert NETWORKS.causal_design.control == "continual"
    fresh = {name for name in NETWORKS.arms if name.startswith("random_init")}
    assert set(NETWORKS.explain_settings().references) == fresh
    assert len(fresh) == 3
    assert "normalised" not in str(NETWORKS.causal_design)
    assert set(NETWORKS.published_settings().arms) == {"random_init", "continual", "same"}
    assert set(NETWORKS.published_settings().experiments) == {"random_init", "continual", "same"}


def test_what_explanations_go_beyond_reaches_no_correlation() -> None:
    plain, asked = plan_of("permuted"), plan_of("permuted", put(("analysis", "beyond"), ["nc1", "dead_units"]))
    assert asked.explain_settings().beyond == ("nc1", "dead_units")
    assert asked.correlate_settings() == plain.correlate_settings()
