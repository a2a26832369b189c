"""The plan of locomotion: what each stage reads, and what is refused as the configuration is read."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from of_studies import TINY_LOCOMOTION
from plasticity.config import environments
from plasticity.config.findings import ConfigError
from plasticity.studies.configuration import typed_config
from plasticity.studies.locomotion.plan import LocomotionPlan

ROOT = Path(__file__).resolve().parents[3]
ASCENT = [{"name": "effective_rank_ascent", "learning_rate": 0.001, "every": 10}]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def plan(change: dict[str, Any] | None = None) -> LocomotionPlan:
    section = deepcopy(TINY_LOCOMOTION)
    update_config(section, deepcopy(change or {}))
    given = {"dataset": CONFIG["dataset"], "jobs": CONFIG["jobs"], "locomotion": section}
    return LocomotionPlan(typed_config(given, root=ROOT))


def test_arms_override_the_training_and_lists_make_several() -> None:
    decays = {"training": {"weight_decay": [0.1, 0.2], "optimizer": {"name": "adam", "betas": [0.99, 0.99]}}}
    arms = plan({"arms": {"decay": decays}}).arms
    assert list(arms) == ["none", "l2", "continual_backprop", "decay_0.1", "decay_0.2"]
    assert [arms[name].learning.weight_decay for name in ("none", "l2", "decay_0.2")] == [0, 0.001, 0.2]
    assert arms["decay_0.1"].experiment == "decay"
    assert arms["none"].learning.rollout == 32


def test_the_probe_trains_as_the_actor_does_if_it_is_asked_for() -> None:
    training = plan().measure_settings("none").training
    assert training is not None
    assert training.optimizer is not None
    assert (training.optimizer.name, training.learning_rate) == ("adam", 0.003)
    assert plan({"measure": {"probe": None}}).measure_settings("none").training is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training": {"batch_size": 12}}, "locomotion.training.batch_size: expected a divisor of rollout, 32, got 12"),
        ({"arms": {"x": {"training": {"batch_size": 5}}}}, "locomotion.arms.x.training.batch_size: expected a divisor"),
        ({"ground": {"change_every": 63}}, "locomotion.training.rollout: expected at most half of change_every, 63"),
        (
            {"ground": {"name": "Aunt-v5"}},
            "locomotion.ground.name: expected an environment of Gymnasium, got 'Aunt-v5'; Env",
        ),
        ({"ground": {"frictions": {"lowest": 3}}}, "frictions.highest: expected at least lowest, 3, got 2"),
        ({"ground": {"frictions": {"rows": [[1], [2]], "first": []}}}, "rows: expected a row for every seed up to 3"),
        ({"ground": {"frictions": {"rows": [[1]] * 4}}}, "frictions.first: expected either first or rows, got both"),
        ({"model": {"name": "resnet18"}}, "expected mlp or logistic_regression, as an observation is a vector"),
        ({"arms": {"x": {"model": {"name": "vit"}}}}, "locomotion.arms.x.model: expected mlp or logistic_regression"),
        ({"model": {"spectral_norm": True}}, "got mlp with spectral_norm"),
        ({"training": {"penalty": {"name": "nc1", "weight": 1}}}, "expected a penalty that reads no classes"),
        (
            {"training": {"hooks": [{"name": "brownian", "learning_rate": 0.1}]}},
            "locomotion.training.hooks[0]: expected a hook that reads no classes",
        ),
        (
            {"arms": {"x": {"model": {"name": "logistic_regression"}, "training": {"hooks": ASCENT}}}},
            "locomotion.arms.x.training.hooks[0]: expected a network with hidden layers, with the hook",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    if change.get("model", {}).get("name"):
        change = {**change, "model": {"hidden": None, **change["model"]}}
    with pytest.raises(ConfigError) as caught:
        plan(change)
    (line,) = str(caught.value).splitlines()
    assert message in line


def test_missing_mujoco_is_told_before_work_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"name: expected the package gymnasium, got none; .*pip install 'plasticity\[agents\]'"
    ):
        plan()
