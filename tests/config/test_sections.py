"""Sections of a configuration: which study each is of, and which of them run."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from plasticity.config.findings import ConfigError
from plasticity.config.sections import studies_of
from plasticity.studies.configuration import load_config

ROOT = Path(__file__).resolve().parents[2]
DEMO = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def loaded(**changes: Any) -> dict[str, Any]:
    return load_config({**deepcopy(DEMO), **changes}, root=ROOT)


def refused(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(**changes)
    (line,) = caught.value.violations
    return line


def again(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(DEMO["permuted"]), "study": "continual", **changes}


def test_every_section_that_is_not_null_runs() -> None:
    assert studies_of(loaded(warm_start=None)) == {
        "permuted": "continual",
        "random_labels": "continual",
        "train_test_collapse": "train_test_collapse",
    }


def test_a_section_with_a_name_of_its_own_is_of_the_study_that_it_names() -> None:
    config = loaded(mine=again(seeds=[3]))
    assert studies_of(config)["mine"] == "continual"
    assert config["mine"]["seeds"] == [3]
    assert config["mine"]["arms"]["shrink_perturb"]["intervention"]["batch_norm"] == "recalibrate"  # the default


def test_studies_says_which_sections_run_and_the_others_are_not_looked_at() -> None:
    config = loaded(mine=again(), studies=["mine", "warm_start"], train_test_collapse={"seeds": "wrong"})
    assert studies_of(config) == {"warm_start": "warm_start", "mine": "continual"}
    assert "studies" not in config


def test_wrong_sections_are_told_in_one_line() -> None:
    assert refused(mine=again(study="contnual")) == (
        "mine.study: expected one of warm_start, continual, train_test_collapse, agents, locomotion, got 'contnual'; "
        "did you mean 'continual'?"
    )
    assert refused(mine=again(study=[])).startswith("mine.study: expected one of warm_start, continual, ")
    assert refused(mine=again(train_size=-1)).startswith("mine.train_size: expected an integer >= 1 or null, got -1")
    assert refused(mine=again(arms={"random_init": {}})).startswith("mine.arms.random_init: expected a name without")
    assert refused(data=again()).startswith("data: expected a name that matches [a-z][a-z0-9_]* and is none of ")
    assert refused(permuted=again(study="warm_start")).startswith("permuted.study: expected one of continual, got")
    assert refused(studies=["warm_strat"]).endswith("got 'warm_strat'; did you mean 'warm_start'?")
    assert refused(studies=[]).startswith("studies: expected a list of sections (random_labels, warm_start, ")
