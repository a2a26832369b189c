from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from plasticity.studies.causal_design import causal_design_settings
from plasticity.studies.configuration import typed_config
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.warm_start.plan import WarmStartPlan

ROOT = Path(__file__).resolve().parents[2]


def _demo() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def _warm_start(arms: dict[str, Any]) -> dict[str, Any]:
    config = _demo()
    config["warm_start"]["arms"] |= deepcopy(arms)
    return WarmStartPlan(typed_config(config, root=ROOT)).causes_settings().plain()


def test_doses_of_both_signs_and_of_weight_decay_with_the_control_between() -> None:
    found = _warm_start({})
    assert found["control"] == "warm_start"
    assert found["treatments"] == [
        "shrink_perturb",
        "nc1_spread",
        "nc1_collapse",
        "weight_decay_0.01",
        "weight_decay_0.1",
    ]
    assert found["series"] == [
        {"name": "NC1 penalty weight", "doses": {"nc1_spread": -0.05, "warm_start": 0.0, "nc1_collapse": 0.05}},
        {"name": "weight decay", "doses": {"warm_start": 0.0, "weight_decay_0.01": 0.01, "weight_decay_0.1": 0.1}},
    ]
    assert {"confidence", "phase_boundary"} < set(found)


def test_an_arm_that_differs_in_two_numbers_is_no_dose() -> None:
    found = _warm_start({"both": {"warm_up": {"weight_decay": 0.01, "learning_rate": 0.1}}})
    assert "both" in found["treatments"]
    assert all("both" not in series["doses"] for series in found["series"])


def test_a_list_in_a_penalty_and_in_an_intervention_are_series() -> None:
    penalty = {"name": "nc1", "weight": [-0.1, 0.1]}
    shrink = {"name": "shrink_perturb", "shrink": [0.4, 0.6, 0.8], "perturb": 0.01}
    found = _warm_start({"strong": {"warm_up": {"penalty": penalty}}, "shrink_perturb": {"intervention": shrink}})
    series = {each["name"]: each["doses"] for each in found["series"]}
    assert list(series["NC1 penalty weight"].values()) == [-0.1, -0.05, 0.0, 0.05, 0.1]
    assert list(series["shrink perturb: shrink"].values()) == [0.4, 0.6, 0.8]
    assert "warm_start" not in series["shrink perturb: shrink"]


def test_the_first_task_of_the_permuted_study() -> None:
    found = PermutedPlan(typed_config(_demo(), root=ROOT)).causes_settings().plain()
    assert found["control"] == "continual"
    assert not {"shrink_perturb", "weight_decay", "random_init", "continual"} & set(found["treatments"])
    length, threshold = found["series"]
    assert length["name"] == "first-task epochs"
    assert length["doses"] == {
        **{"continual": 1.0, "first_task_length_2": 2.0, "first_task_length_5": 5.0},
        **{"first_task_length_10": 10.0, "first_task_length_50": 50.0},
    }
    assert threshold["name"] == "first-task NC1 threshold"
    assert list(threshold["doses"].values()) == [0.3, 0.35, 0.42]


@pytest.mark.parametrize("numbers", [{}, {"only": {"weight decay": 0.1}}])
def test_a_study_without_a_control_or_doses_has_no_series(numbers: dict[str, dict[str, float]]) -> None:
    assert causal_design_settings("", numbers).plain() == {"control": "", "treatments": list(numbers), "series": []}
