"""A batch must be large enough for the penalty, and an optimizer without momentum has none."""

from typing import Any

import pytest

from plasticity.config import training_check
from plasticity.config.findings import ConfigError, Findings
from plasticity.config.training_check import check_training

FACTS = {"nc1": {"least_batch": 2}, "adam": {"has_momentum": False}, "sgd": {"has_momentum": True}}


@pytest.fixture(autouse=True)
def _facts(monkeypatch: pytest.MonkeyPatch) -> None:
    def fact(kind: str, name: str, key: str, *, usual: Any) -> Any:
        del kind
        return FACTS.get(name, {}).get(key, usual)

    monkeypatch.setattr(training_check, "fact", fact)


def violations(**training: Any) -> tuple[str, ...]:
    findings = Findings()
    check_training(("first_task",), {"batch_size": 2, **training}, None, findings)
    try:
        findings.raise_if_any()
    except ConfigError as error:
        return error.violations
    return ()


@pytest.mark.parametrize(
    ("training", "line"),
    [
        ({"penalty": {"name": "nc1"}, "batch_size": 1}, "first_task.batch_size: expected at least 2 images with the"),
        ({"optimizer": {"name": "adam"}, "momentum": 0.9}, "first_task.momentum: expected 0 with the optimizer adam"),
    ],
)
def test_what_does_not_fit_is_named(training: dict[str, Any], line: str) -> None:
    (found,) = violations(**training)
    assert found.startswith(line)


@pytest.mark.parametrize(
    "training",
    [
        {"penalty": {"name": "none"}, "batch_size": 1},
        {"penalty": {"name": "nc1"}},
        {"momentum": 0.9},
        {"optimizer": {"name": "sgd"}, "momentum": 0.9},
        {"optimizer": {"name": "adam"}, "momentum": 0.0},
        {"optimizer": {"name": "adam"}},
    ],
)
def test_what_fits_passes(training: dict[str, Any]) -> None:
    assert violations(**training) == ()
