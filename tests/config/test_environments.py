"""Environments by name: what is refused before anything is built."""

from importlib import util

import pytest

from plasticity.config import environments
from plasticity.config.environments import specification
from plasticity.errors import PlasticityError


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Aunt-v5", "expected an environment of Gymnasium, got 'Aunt-v5'; Environment `Aunt` doesn't exist"),
        ("Ant-v99", "expected an environment of Gymnasium, got 'Ant-v99'"),
        ("CartPole-v1", "expected an environment of MuJoCo, such as Ant-v5, got 'CartPole-v1'"),
    ],
)
def test_other_environments_are_refused(name: str, message: str) -> None:
    pytest.importorskip("mujoco")
    with pytest.raises(PlasticityError, match=message):
        specification(name)


def test_missing_mujoco_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    known = util.find_spec
    monkeypatch.setattr(environments, "find_spec", lambda name: None if name == "mujoco" else known(name))
    with pytest.raises(
        PlasticityError, match=r"expected the package mujoco, got none; .*pip install 'plasticity\[agents\]'"
    ):
        specification("Ant-v5")
