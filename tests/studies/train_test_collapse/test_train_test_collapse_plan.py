"""The plan of the train-test study: arms from lists, checkpoints in equal ratios, and what each stage reads."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from plasticity.config.slices import NextSizes
from plasticity.studies.configuration import typed_config
from plasticity.studies.train_test_collapse.plan import TrainTestPlan, checkpoints

ROOT = Path(__file__).resolve().parents[3]
EVEN_ODD = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]


def plan(**arms: Any) -> TrainTestPlan:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    section = config["train_test_collapse"]
    section["seeds"] = [1, 2, 3, 4]
    section["arms"] = arms
    config["jobs"] |= {"seeds_per_job": 3}
    section["next_task"]["learning_rates"] = [0.0005, 0.25, 0.1234567, 0.1234568]
    return TrainTestPlan(typed_config(config, root=ROOT))


def test_arms_take_what_they_do_not_say_from_the_study() -> None:
    found = plan(cascade={}, transfer={"super_classes": EVEN_ODD, "training": {"iterations": 30}, "balanced": False})
    cascade, transfer = found.arms["cascade"], found.arms["transfer"]
    assert cascade.parts.balanced is True
    assert cascade.training == found.section.training
    assert transfer.parts.super_classes == tuple(map(tuple, EVEN_ODD))
    assert transfer.parts.balanced is False
    assert (transfer.training.iterations, transfer.checkpoints[-1]) == (30, 30)
    assert found.transfers == ["transfer"]


def test_a_list_makes_an_arm_per_value() -> None:
    found = plan(
        size={"train_size": [50, 100], "training": {"stop_loss": 0.01}}, rate={"training": {"learning_rate": [0.1, 1]}}
    )
    assert list(found.arms) == ["size_50", "size_100", "rate_0.1", "rate_1"]
    assert [arm.parts.train_size for arm in found.arms.values()] == [50, 100, 500, 500]
    assert [arm.experiment for arm in found.arms.values()] == ["size", "size", "rate", "rate"]
    assert found.arms["rate_1"].training.learning_rate == 1
    assert found.arms["size_50"].training.stop_loss == 0.01


def test_an_arm_may_have_another_network() -> None:
    found = plan(cascade={}, wide={"model": {"name": "mlp", "hidden": [7]}})
    wide = found.pre_train_settings("wide").model
    assert wide.name == "mlp"
    assert wide.parameters["hidden"] == [7]
    assert wide.parameters["activation"] == "relu"  # the default, written out


def test_jobs_carry_seeds_and_learning_rates() -> None:
    found = plan(transfer={"super_classes": EVEN_ODD})
    assert found.groups == {"seeds1-3": (1, 2, 3), "seeds4-4": (4,)}
    rates = {"rate0.0005": 0.0005, "rate0.25": 0.25, "rate0.1234567": 0.1234567, "rate0.1234568": 0.1234568}
    assert found.rates == rates
    settings = found.transfer_settings("transfer", "rate0.25")
    assert settings.training.learning_rate == 0.25
    assert settings.parts.next_task == NextSizes(train_size=250, validation_size=200, test_size=200)


def test_the_next_task_is_nothing_to_the_stages_before_it() -> None:
    found = plan(transfer={"super_classes": EVEN_ODD})
    for settings in (found.pre_train_settings("transfer"), found.measure_settings("transfer")):
        assert settings.parts.next_task is None


def test_checkpoints_of_the_papers_length() -> None:
    assert checkpoints(80_000, 6) == (0, 1, 10, 91, 875, 8365, 80_000)
    assert checkpoints(10, 1) == (0, 10)
    assert checkpoints(1, 5) == (0, 1)


@given(iterations=st.integers(1, 10**6), count=st.integers(1, 50))
def test_checkpoints_start_before_training_and_end_with_it(iterations: int, count: int) -> None:
    found = checkpoints(iterations, count)
    assert (found[0], found[-1]) == (0, iterations)
    assert list(found) == sorted(set(found))
    assert len(found) <= count + 1
    assert count == 1 or 1 in found


def test_figures_read_their_styles_and_the_arms() -> None:
    found = plan(size={"train_size": [50, 100], "label": "N ="})
    settings = found.display_settings()
    assert settings.labels == {"size_50": "N = 50", "size_100": "N = 100"}
    assert settings.experiments == {"size_50": "size", "size_100": "size"}
    assert {"variances_by_iteration", "variances_by_layer"} <= set(found.style_settings().styles)


def test_a_family_is_of_arms_that_differ_in_weight_decay_alone() -> None:
    same = {"super_classes": EVEN_ODD, "training": {"iterations": 30}}
    found = plan(
        cascade={},
        strong={**same, "training": {"iterations": 30, "weight_decay": [0.1, 0.01]}},
        transfer=same,
        again={**same, "label": "the same once more"},
        longer={**same, "training": {"iterations": 31}},
    )
    assert found.weight_decays == {
        "transfer": {"transfer": 0.0, "strong_0.01": 0.01, "strong_0.1": 0.1},
        "longer": {"longer": 0.0},
    }
    assert list(found.weight_decays["transfer"]) == ["transfer", "strong_0.01", "strong_0.1"]
    settings = found.correlate_settings()
    assert {family.name: family.weight_decays for family in settings.families} == found.weight_decays
    assert settings.confidence == found.section.analysis.confidence
    assert found.display_settings().weight_decays == found.weight_decays


def test_settings_for_what_is_published_are_those_of_each_arm() -> None:
    settings = plan(size={"train_size": [50, 100]}, transfer={"super_classes": EVEN_ODD}).published_settings()
    expected = {"size": {"arms": ["size_50", "size_100"]}, "transfer": {"arms": ["transfer"]}}
    assert settings.tree["experiments"] == expected
    assert [settings.arms[arm]["train_size"] for arm in ("size_50", "size_100", "transfer")] == [50, 100, 500]
    assert settings.arms["transfer"]["super_classes"] == EVEN_ODD
    training: Any = settings.arms["size_50"]["training"]
    assert training["weight_decay"] == 0.0
