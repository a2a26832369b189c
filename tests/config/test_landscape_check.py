"""What a section asks of the landscape of networks that do not have it, refused while the configuration is read."""

from typing import Any

import pytest
import yaml

from checkouts import ROOT
from plasticity.config.findings import ConfigError
from plasticity.studies.configuration import load_config

PROBE: dict[str, Any] = {"probe": {}}
PLAIN: dict[str, Any] = {"random_init": {"warm_up": {"epochs": 0}}, "warm_start": {}}
BOTH: dict[str, Any] = {"gradients": {}, "curvature": {}}


def violations(section: str, measure: dict[str, Any], **changes: Any) -> tuple[str, ...]:
    """Return what is wrong with the demonstration's configuration when a section measures more."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config[section] |= changes | {"measure": {**config[section]["measure"], **measure}}
    try:
        load_config(config, root=ROOT)
    except ConfigError as error:
        return error.violations
    return ()


def test_what_networks_have_may_be_asked() -> None:
    for section in ("warm_start", "permuted", "train_test_collapse"):
        assert not violations(section, {**PROBE, **BOTH})
    linear = {"name": "logistic_regression"}
    assert not violations("warm_start", {"probe": {"head": "kept"}, **BOTH}, model=linear, arms=PLAIN)
    assert not violations("warm_start", {**PROBE, **BOTH}, model={"name": "vit", "patch": 2})
    assert not violations("warm_start", {**PROBE, **BOTH}, model={"name": "mlp", "spectral_norm": True})


@pytest.mark.parametrize(
    ("measure", "model", "lines"),
    [
        (
            PROBE,
            {"name": "logistic_regression"},
            (
                "warm_start.measure.probe.head: expected kept with a network that is its head alone, as renewing it "
                "leaves nothing to measure, got renewed with logistic_regression",
            ),
        ),
        (
            {"probe": {"optimizer": {"name": "adam"}, "momentum": 0.9}},
            {"name": "mlp"},
            ("warm_start.measure.probe.momentum: expected 0 with the optimizer adam, which has none, got 0.9",),
        ),
    ],
)
def test_what_they_do_not_have_is_refused(
    measure: dict[str, Any], model: dict[str, Any], lines: tuple[str, ...]
) -> None:
    found = violations("warm_start", measure, model=model, arms=PLAIN)
    assert found == lines


def test_the_networks_of_arms_are_looked_at() -> None:
    arms = {"wide": {}, "linear": {"model": {"name": "logistic_regression"}}}
    (line,) = violations("train_test_collapse", PROBE, arms=arms)
    assert line.endswith("got renewed with logistic_regression")


def test_bad_measures_are_named_and_looked_at_no_further() -> None:
    found = violations("permuted", {"probe": {"head": "gone"}, "curvature": {"above": [0]}}, model={"name": "mlp"})
    assert [line.partition(":")[0] for line in found] == [
        "permuted.measure.curvature.above[0]",
        "permuted.measure.probe.head",
    ]


SGD: dict[str, Any] = {"optimizer": {"name": "sgd"}}
ADAM: dict[str, Any] = {"optimizer": {"name": "adam"}, "momentum": 0.0}


@pytest.mark.parametrize(
    ("where", "own", "refused"),
    [
        ({}, None, False),
        ({"first_task": ADAM}, None, True),
        ({"following": ADAM}, None, True),
        ({"arms": {"adam": {"following": ADAM}}}, None, True),
        ({"first_task": ADAM}, "sgd", False),
        ({}, "adam", True),
    ],
    ids=str,
)
def test_a_probes_momentum_is_for_the_optimizer_that_it_trains_with(
    where: dict[str, Any], own: str | None, refused: bool
) -> None:
    probe = {"momentum": 0.9} | ({"optimizer": {"name": own}} if own else {})
    demo = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["permuted"]
    changes = {key: value if key == "arms" else demo[key] | value for key, value in where.items()}
    line = "permuted.measure.probe.momentum: expected 0 with the optimizer adam, which has none, got 0.9"
    assert violations("permuted", {"probe": probe}, **changes) == ((line,) if refused else ())


def test_a_training_that_no_probe_looks_at_may_have_another_optimizer() -> None:
    demo = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["warm_start"]
    probe = {"probe": {"momentum": 0.9}}
    assert not violations("warm_start", probe, fine_tune=demo["fine_tune"] | ADAM, warm_up=demo["warm_up"] | SGD)
    (line,) = violations("warm_start", probe, warm_up=demo["warm_up"] | ADAM)
    assert line.endswith("the optimizer adam, which has none, got 0.9")
