"""The plan of agents: an arm per environment, what each stage reads, and what is refused as it is read."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from plasticity.config.findings import ConfigError
from plasticity.studies.agents.plan import AgentsPlan
from plasticity.studies.configuration import typed_config

ROOT = Path(__file__).resolve().parents[3]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
TINY = yaml.safe_load((ROOT / "tests/config/tiny_agents.yaml").read_text(encoding="utf-8"))
TINY["agents"]["arms"]["learning_rate"] = {"training": {"learning_rate": [0.01, 0.1], "optimizer": {"name": "sgd"}}}
TINY["jobs"]["seeds_per_job"] = 2
SHALLOW = {"name": "logistic_regression"}


def plan(change: dict[str, Any] | None = None) -> AgentsPlan:
    config = deepcopy(CONFIG)
    update_config(config, deepcopy(TINY))
    update_config(config, {"agents": change or {}})
    given = {key: value for key, value in config.items() if value is not None}
    return AgentsPlan(typed_config(given, root=ROOT))


def test_an_arm_is_one_per_environment_and_value() -> None:
    found = plan()
    names = ["none", "two_hot", "reset_head", "learning_rate_0.01", "learning_rate_0.1"]
    assert list(found.arms) == [f"{name}_{env}" for name in names for env in ("true_label", "random_label")]
    arm = found.arms["learning_rate_0.1_random_label"]
    assert (arm.experiment, arm.label) == ("learning_rate", "learning rate 0.1, random label")
    assert arm.training.learning_rate == 0.1
    assert arm.training.optimizer is not None
    assert arm.training.optimizer.name == "sgd"
    assert arm.checkpoints == (0, 20, 40, 60)
    assert found.groups == {"seeds1-2": (1, 2), "seeds3-3": (3,)}


def test_arms_are_grouped_by_network_and_optimizer() -> None:
    arms = {arm.name: arm for arm in plan().assemble_settings().arms}
    assert (arms["none_true_label"].network, arms["none_true_label"].optimizer) == ("mlp", "adam")
    assert arms["two_hot_true_label"].network == "mlp_hidden20"
    assert arms["learning_rate_0.1_true_label"].optimizer == "sgd"


def test_measuring_reads_the_training_for_the_probe_alone() -> None:
    found = plan()
    training = found.measure_settings("learning_rate_0.1_true_label").training
    assert training is not None
    assert training.learning_rate == 0.1
    without = plan({"measure": {"probe": None}})
    assert without.measure_settings("learning_rate_0.1_true_label").training is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training": {"replay": 7}}, "agents.training.replay: expected at least the 8 transitions of a batch, got 7"),
        (
            {"training": {"target_period": 15}},
            "agents.training.checkpoint_every: expected a multiple of target_period, 15",
        ),
        ({"training": {"steps": 70}}, "agents.training.steps: expected a multiple of checkpoint_every, 20, got 70"),
        ({"training": {"optimizer": {"name": "muon"}}}, "expected an elementwise optimizer"),
        (
            {"training": {"optimizer": {"name": "own_components:Signs"}}},
            "agents.training.optimizer: expected an elementwise optimizer, as agents are trained as one stack, got "
            "'own_components:Signs'",
        ),
        (
            {"training": {"penalty": {"name": "nc1", "weight": 1}, "batch_size": 1, "replay": 1}},
            "agents.training.batch_size: expected at least 2 images with the penalty nc1",
        ),
        (
            {"training": {"hooks": [{"name": "redo", "every": 5}]}, "model": {"activation": "tanh"}},
            "agents.training.hooks[0]: expected the activation relu with the hook redo, got tanh of the network mlp",
        ),
        (
            {
                "training": {"hooks": [{"name": "redo", "every": 5}]},
                "arms": {"x": {"model": SHALLOW}},
            },
            "agents.arms.x.training.hooks[0]: expected a network whose hidden units are read by the next layer alone",
        ),
        (
            {"training": {"hooks": [{"name": "brownian", "learning_rate": 0.1}]}},
            "agents.training.hooks[0]: expected a hook that reads no classes, as agents have none, got 'brownian'",
        ),
        (
            {"arms": {"x": {"training": {"brownian": True}, "intervention": {"name": "reset_head"}}}},
            "agents.arms.x.intervention: expected nothing with training.brownian, which keeps another network than the "
            "one it changes, got 'reset_head'",
        ),
        (
            {"arms": {"x": {"model": SHALLOW, "training": {"penalty": {"name": "effective_rank", "weight": 1}}}}},
            "agents.arms.x.training.penalty: expected a network with hidden layers, with the penalty effective_rank",
        ),
        ({"arms": {"x": {"model": {"name": "resnet18"}}}}, "expected a network without running statistics"),
        ({"model": {"spectral_norm": True}}, "got mlp with spectral_norm"),
        (
            {"arms": {"x": {"intervention": {"name": "dash", "least": 0.3}}}},
            "expected an intervention that reads no next task",
        ),
        ({"arms": {"x": {"training": {"replay": 3}}}}, "agents.arms.x.training.replay: expected at least"),
        (
            {"arms": {"x": {"training": {"two_hot": {"lowest": 100}}}}},
            "agents.arms.x.training.two_hot.highest: expected more than lowest, 100, got 100",
        ),
        ({"measure": {"curvature": {"images": 20}}}, "agents.measure.curvature: expected nothing with two_hot"),
        ({"environments": ["true"]}, "agents.environments[0]: expected one of"),
    ],
)
def test_what_agents_cannot_carry_is_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(change)
    (line,) = caught.value.args[0] if isinstance(caught.value.args[0], list) else str(caught.value).splitlines()
    assert message in line


def test_what_is_wrong_with_an_intervention_is_said_beside_what_is_wrong_with_the_training() -> None:
    with pytest.raises(ConfigError) as caught:
        plan({"training": {"steps": 70}, "arms": {"x": {"intervention": {"name": "dash", "least": 0.3}}}})
    assert [line.partition(":")[0] for line in caught.value.violations] == [
        *("agents.training.steps", "agents.arms.x.intervention")
    ]


@pytest.mark.parametrize(
    "methods",
    [
        {"penalty": {"name": "l2_init", "weight": 0.01}},
        {"penalty": {"name": "parseval", "weight": 0.01}},
        {"penalty": {"name": "effective_rank", "weight": 0.01}},
        {"penalty": {"name": "nc1", "weight": 0.01}},
        {"hooks": [{"name": "perturb", "shrink": 0.9999, "perturb": 0.01}, {"name": "clip_weights", "factor": 2}]},
        {"hooks": [{"name": "redo", "every": 10}]},
    ],
)
def test_methods_of_other_studies_are_carried(methods: dict[str, Any]) -> None:
    found = plan({"training": methods}).train_settings("none_true_label").learning
    assert found.penalty or found.hooks


@pytest.mark.parametrize(
    ("preset", "agents"),
    [
        ("falsification_mnist", 108),
        ("falsification_lyle", 90),
        ("agent_interventions", 66),
        ("agent_width", 54),
        ("agent_width_convnet", 90),
        ("agents_lyle", 420),
    ],
)
def test_presets_have_as_many_agents_as_they_say(preset: str, agents: int) -> None:
    config = deepcopy(CONFIG)
    update_config(config, yaml.safe_load((ROOT / "config" / f"{preset}.yaml").read_text(encoding="utf-8")))
    config["dataset"]["download"] = True
    found = AgentsPlan(typed_config(config, root=ROOT))
    assert len(found.arms) * len(found.section.seeds) == agents
    assert len(found.groups) == 1
