from typing import Any

import pytest

from plan_slices import Change, changed, nothing, plan_of, put
from plasticity.errors import PlasticityError
from plasticity.studies.warm_start.plan import WarmStartPlan, refuse_shared_names


def _plan(change: Change = nothing) -> WarmStartPlan:
    return plan_of("warm_start", change)


def _with_arms(**arms: Any) -> WarmStartPlan:
    baseline = {"random_init": {"warm_up": {"epochs": 0}}}
    return _plan(lambda study: study.update(arms={**baseline, **arms}))


DEMO_PLAN = _plan()
EVERY_SIXTH = (6, 12, 18, 24, 30, 36, 42, 48)


def test_arms_are_those_of_the_configuration_with_lists_expanded() -> None:
    assert list(DEMO_PLAN.arms) == [
        *("random_init", "warm_start", "shrink_perturb", "nc1_spread", "nc1_collapse"),
        *("weight_decay_0.01", "weight_decay_0.1"),
    ]
    assert DEMO_PLAN.arms["weight_decay_0.1"].training.weight_decay == 0.1
    assert DEMO_PLAN.arms["weight_decay_0.1"].label == "weight decay 0.1"


def test_arms_that_warm_up_alike_share_it() -> None:
    shared = {name: arm.warm_up for name, arm in DEMO_PLAN.arms.items()}
    assert shared == {
        "random_init": "plain",
        "warm_start": "plain",
        "shrink_perturb": "plain",
        "nc1_spread": "nc1_cap200_weight-0.05",
        "nc1_collapse": "nc1_weight0.05",
        "weight_decay_0.01": "weight_decay0.01",
        "weight_decay_0.1": "weight_decay0.1",
    }
    assert list(DEMO_PLAN.warm_ups) == list(dict.fromkeys(shared.values()))


def test_random_init_is_epoch_0_of_the_plain_warm_up() -> None:
    arm = DEMO_PLAN.arms["random_init"]
    assert (arm.start, arm.epochs) == ("plain", (0,))
    assert DEMO_PLAN.warm_ups["plain"].epochs == (0, *EVERY_SIXTH)
    assert DEMO_PLAN.warm_ups["nc1_weight0.05"].epochs == EVERY_SIXTH
    assert DEMO_PLAN.warm_up_settings("plain").epochs == (0, *EVERY_SIXTH)


def test_an_intervention_has_checkpoints_of_its_own() -> None:
    assert DEMO_PLAN.arms["shrink_perturb"].start == "shrink_perturb"
    assert list(DEMO_PLAN.interventions) == ["shrink_perturb"]
    assert DEMO_PLAN.starts["shrink_perturb"] == EVERY_SIXTH
    assert DEMO_PLAN.starts["plain"] == (0, *EVERY_SIXTH)
    assert set(DEMO_PLAN.starts) == {*DEMO_PLAN.warm_ups, "shrink_perturb"}


def test_a_warm_up_that_only_an_intervention_uses_is_trained_but_not_measured() -> None:
    shrink = {"name": "shrink_perturb", "shrink": 0.5, "perturb": 0.1}
    plan = _with_arms(decayed={"warm_up": {"weight_decay": 0.5}, "intervention": shrink})
    assert plan.warm_ups["weight_decay0.5"].epochs == EVERY_SIXTH
    assert set(plan.starts) == {"plain", "decayed"}


def test_a_warm_up_takes_the_longest_of_its_arms() -> None:
    plan = _with_arms(short={"warm_up": {"epochs": 12}}, long={})
    assert plan.arms["short"].epochs == (6, 12)
    assert plan.warm_ups["plain"].epochs == (0, *EVERY_SIXTH)


def test_names_of_warm_ups_say_what_differs() -> None:
    penalty = {"name": "nc1", "weight": -0.1}
    plan = _with_arms(
        fast={"warm_up": {"learning_rate": 0.5, "batch_size": 16}},
        both={"warm_up": {"momentum": 0.9, "penalty": penalty}},
    )
    assert list(plan.warm_ups) == ["plain", "batch_size16_learning_rate0.5", "momentum0.9_nc1_weight-0.1"]


def test_several_lists_make_every_combination() -> None:
    arm = {"warm_up": {"momentum": [0.0, 0.9]}, "intervention": {"name": "shrink_perturb", "shrink": [0.2, 0.4]}}
    arm["intervention"]["perturb"] = 0.01
    plan = _with_arms(grid=arm)
    assert list(plan.interventions) == ["grid_0.0_0.2", "grid_0.0_0.4", "grid_0.9_0.2", "grid_0.9_0.4"]
    assert list(plan.warm_ups) == ["plain", "momentum0.9"]
    assert plan.intervene_settings("grid_0.9_0.4").intervention.parameters["shrink"] == 0.4


@pytest.mark.parametrize("name", ["plain", "momentum0"])
def test_an_intervention_may_not_take_the_name_of_a_warm_up(name: str) -> None:
    shrink = {"name": "shrink_perturb", "shrink": 0.5, "perturb": 0.1}

    def change(study: dict[str, Any]) -> None:
        study["warm_up"]["momentum"] = 0.5
        study["arms"] = {"random_init": {"warm_up": {"epochs": 0}}, "other": {"warm_up": {"momentum": 0}}}
        study["arms"] |= {"warm_start": {}, name: {"intervention": shrink}}

    with pytest.raises(
        PlasticityError, match=rf"^warm_start\.arms\.{name}: expected a name that no warm-up has"
    ) as error:
        refuse_shared_names([DEMO_PLAN, _plan(change)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
def test_chunks_cover_every_checkpoint_once(size: int) -> None:
    plan = plan_of("warm_start", fine_tunings_per_job=size, seeds_per_job=1)
    for name, arm in plan.arms.items():
        chunks = plan.chunks(name)
        assert [epoch for part in chunks.values() for epoch in part] == list(arm.epochs)
        assert all(1 <= len(part) <= size for part in chunks.values())
        assert all(key == f"epochs{part[0]}-{part[-1]}" for key, part in chunks.items())
    assert list(plan.chunks("random_init")) == ["epochs0-0"]


@pytest.mark.parametrize(("fine_tunings", "seeds", "epochs"), [(30, 3, 10), (31, 3, 10), (2, 3, 1), (5, 1, 5)])
def test_a_job_of_several_seeds_carries_fewer_epochs_of_each(fine_tunings: int, seeds: int, epochs: int) -> None:
    plan = plan_of("warm_start", fine_tunings_per_job=fine_tunings, seeds_per_job=seeds)
    sizes = [len(part) for part in plan.chunks("warm_start").values()]
    length = len(DEMO_PLAN.arms["warm_start"].epochs)
    assert sizes == [min(epochs, length - first) for first in range(0, length, epochs)]


def test_an_interventions_strength_changes_only_the_intervening() -> None:
    found = changed(_plan(put(("arms", "shrink_perturb", "intervention", "shrink"), 0.5)))
    assert found == {"intervene": {"shrink_perturb"}}


def test_a_new_value_of_a_list_leaves_every_other_training_as_it_is() -> None:
    found = changed(_plan(put(("arms", "weight_decay", "warm_up", "weight_decay"), [0.01, 0.1, 0.5])))
    assert found["warm_up"] == found["measure"] == {"weight_decay0.5"}
    assert found["fine_tune"] == {"weight_decay_0.5"}
    assert set(found) == {"warm_up", "measure", "fine_tune", "assemble", "causes", "tabulate", "figures"}


def test_an_arms_warm_up_changes_its_own_training_alone() -> None:
    found = changed(_plan(put(("arms", "nc1_collapse", "warm_up", "penalty", "weight"), 0.2)))
    assert found["warm_up"] == found["measure"] == {"nc1_weight0.05", "nc1_weight0.2"}
    assert "fine_tune" not in found  # its checkpoints are other files, its settings the same
