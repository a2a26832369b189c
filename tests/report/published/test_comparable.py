from typing import Any

import pytest

from plasticity.config.page_slices import ExperimentSettings, PublishedSettings
from plasticity.report.published.claims import Claim
from plasticity.report.published.comparable import mismatches, missing_arms, settings_text

SETTINGS = PublishedSettings(
    confidence=0.95,
    shared={"dataset": {"reader": "digits"}, "train_size": None},
    arms={
        "length_1": {"lr": 0.1},
        "length_2": {"lr": 0.2},
        "plain": {"lr": 0.1, "intervention": None, "hooks": [{"name": "redo"}]},
    },
    experiments={"length": ExperimentSettings(arms=("length_1", "length_2"), nc1_below=(None, None))},
)


def _claim(requires: dict[tuple[str, ...], Any], **measure: str) -> Claim:
    words: dict[str, Any] = {"name": "c", "source": "", "basis": "text", "quantity": "", "unit": "1"}
    return Claim(**words, measure={"of": "level", **measure}, requires=requires)


@pytest.mark.parametrize(
    ("path", "expected", "lines"),
    [
        (("dataset", "reader"), "digits", []),
        (("dataset", "reader"), "mnist", ["dataset.reader digits, published mnist"]),
        (("dataset", "reader"), {"one_of": ["mnist", "digits"]}, []),
        (("dataset", "reader"), {"one_of": ["mnist", "svhn"]}, ["dataset.reader digits, published mnist or svhn"]),
        (("train_size",), None, []),
        (("train_size",), 10, ["train_size null, published 10"]),
        (("model", "width"), 64, ["model.width absent, published 64"]),
        (("arms", "plain", "lr"), 0.1, []),
        (("arms", "plain", "intervention"), None, []),
        (("arms", "plain", "hooks", "0", "name"), "redo", []),
        (("arms", "plain", "hooks", "1", "name"), "redo", ["hooks.1.name absent, published redo"]),
        (("arms", "plain", "intervention", "name"), "shrink", ["intervention.name absent, published shrink"]),
        (("arms", "length", "lr"), 0.1, ["lr 0.2, published 0.1"]),
        (("arms", "length", "lr"), 0.3, ["lr 0.1, published 0.3", "lr 0.2, published 0.3"]),
        (("arms", "never", "lr"), 0.3, []),  # that an arm was not run is told apart
        (("experiments", "length", "nc1_below"), [0.1], ["nc1_below [None, None], published [0.1]"]),
    ],
)
def test_what_differs_is_told_with_both_values(path: tuple[str, ...], expected: Any, lines: list[str]) -> None:
    assert mismatches({path: expected}, SETTINGS) == lines


def test_arms_that_were_not_run_are_named() -> None:
    assert missing_arms(_claim({}, arm="plain", minus_arm="never"), SETTINGS) == ["never"]
    assert missing_arms(_claim({}, experiment="length"), SETTINGS) == []


def test_what_a_rule_passes_leads_to_the_same_settings() -> None:
    assert PublishedSettings.model_validate_json(SETTINGS.ordered()).tree == SETTINGS.tree
    alone = SETTINGS.model_copy(update={"experiments": {"length": ExperimentSettings(arms=("length_1",))}})
    passed = PublishedSettings.model_validate_json(alone.ordered())
    assert passed.tree["experiments"] == alone.tree["experiments"] == {"length": {"arms": ["length_1"]}}


def test_the_settings_of_the_run_are_told_once() -> None:
    claim = _claim({("dataset", "reader"): "mnist", ("arms", "plain", "lr"): 1, ("arms", "length_1", "lr"): 1})
    assert settings_text(claim, SETTINGS) == "dataset.reader digits; lr 0.1"
