"""Slices of the configuration: what a rule passes as text is what its stage sees."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from plasticity.config.analysis_section import (
    CausesSettings,
    DoseSeries,
    Family,
    TransferAnalysis,
    WarmStartAnalysis,
)
from plasticity.config.findings import ConfigError
from plasticity.config.settings import Settings
from plasticity.config.slices import FineTuneSettings
from plasticity.config.training_section import IterationTraining, Optimisation
from plasticity.jobs.adapter import Job
from plasticity.jobs.fingerprint import components_in
from plasticity.studies import sections_of
from plasticity.studies.configuration import recorded_config, typed_config
from tiny_permuted import arm, first_settings, following_settings
from tiny_study import fine_tune_settings, measure_settings, warm_up_settings
from tiny_train_test import measure_settings as variance_settings
from tiny_train_test import pre_train_settings, transfer_settings

ROOT = Path(__file__).parents[2]
SLICES = (
    *(warm_up_settings(), measure_settings(), fine_tune_settings(), first_settings(thresholds=(0.3,))),
    *(following_settings(arm("a")), pre_train_settings(), variance_settings(), transfer_settings(stop_loss=0.1)),
    WarmStartAnalysis(confidence=0.9, window=8, phase_boundary=4, outcomes=("plasticity_gap",)),
    TransferAnalysis(confidence=0.9, families=(Family(name="b", weight_decays={"b": 0.0, "a": 0.1}),)),
    CausesSettings(confidence=0.9, control="b", treatments=("a",), series=(DoseSeries(name="x", doses={"b": 0.0}),)),
)


@pytest.mark.parametrize("given", SLICES, ids=lambda given: type(given).__name__)
def test_a_slice_reaches_its_stage_as_it_was(given: Settings) -> None:
    text = given.canonical()
    assert Job(params={"settings": text}).slice(type(given)) == given
    assert json.loads(text) == given.plain()
    assert text == type(given).of(dict(reversed(given.plain().items()))).canonical()
    with pytest.raises(ValidationError, match="unknown"):
        given.overridden({"unknown": 1})


def test_settings_of_equal_numbers_are_equal_texts() -> None:
    one, other = (fine_tune_settings(weight_decay=decay, max_epochs=4) for decay in (0, 0.0))
    assert one.canonical() == other.canonical() != fine_tune_settings().canonical()
    assert components_in(one) == {("model", "mlp")}


def test_every_training_section_says_what_a_step_reads() -> None:
    config = typed_config(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), root=ROOT)
    sections: dict[str, Any] = dict(config.sections)
    warm_up, fine_tune = sections["warm_start"].warm_up, sections["warm_start"].fine_tune
    found = Optimisation.of_section(warm_up)
    assert (found.learning_rate, found.momentum, found.penalty) == (
        *(warm_up.learning_rate, warm_up.momentum, warm_up.penalty),
    )
    assert Optimisation.of_section(fine_tune).penalty is None
    assert Optimisation.of_section(sections["permuted"].following).momentum == 0
    after = sections["train_test_collapse"].next_task
    found = IterationTraining.of_section(after, learning_rate=0.3)
    assert (found.learning_rate, found.iterations, found.stop_loss) == (0.3, after.iterations, None)


def test_a_number_that_a_stage_cannot_have_is_refused() -> None:
    for changed in ({"precision": "double"}, {"max_epochs": 2.5}, {"training": {"learning_rate": 0}}, {"model": "mlp"}):
        with pytest.raises(ValidationError):
            fine_tune_settings().overridden(changed)
    assert isinstance(fine_tune_settings().overridden({"test_size": None}), FineTuneSettings)


def test_records_of_earlier_versions_are_read() -> None:
    config = dict(typed_config(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), root=ROOT).mapping)
    earlier = {**config, "jobs": {**config["jobs"], "figures_per_job": 4}}
    earlier["warm_start"] = {key: value for key, value in config["warm_start"].items() if key != "precision"}
    earlier["warm_start"]["analysis"] = {**earlier["warm_start"]["analysis"], "bootstrap_samples": 2000}
    found: Any = recorded_config(earlier)
    assert found.sections["warm_start"].precision == "exact"
    assert set(sections_of(earlier)) == set(found.sections)


def test_what_an_analysis_was_once_asked_for_is_left_out() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    now = typed_config(config, root=ROOT).mapping
    for name in ("warm_start", "permuted", "train_test_collapse"):
        config[name]["analysis"]["bootstrap_samples"] = 2000
    assert typed_config(config, root=ROOT).mapping == now


def test_the_earlier_place_of_how_tasks_are_drawn_is_still_read() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["permuted"] |= {"permutations": "composed", "reshuffle_epochs": True}
    found = typed_config(config, root=ROOT).mapping["permuted"]
    assert found["tasks"] == {"name": "permuted_pixels", "permutations": "composed", "reshuffle_epochs": True}
    assert not {"permutations", "reshuffle_epochs"} & set(found)
    config["permuted"]["tasks"] = {"name": "random_labels"}
    with pytest.raises(ConfigError, match=r"^permuted\.tasks\.permutations: expected a key of random_labels"):
        typed_config(config, root=ROOT)
