"""Parameters of components come from the file beside the workflow, or from the component where the file is older."""

import pytest

from plasticity.config import parameters as module
from plasticity.config.component import FOLDERS, ComponentError, known
from plasticity.config.parameters import DIGEST, defaults, fact, parameters

ALL = [(kind, name) for kind in FOLDERS for name in known(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_file_says_what_the_component_says(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = module._kept()[f"{kind}.{name}"]
    assert parameters.__wrapped__(kind, name) is kept
    monkeypatch.setattr(module, "_kept", dict)
    imported = parameters.__wrapped__(kind, name)
    for key in ("description", "properties", "required"):
        assert kept.get(key) == imported.get(key)


def test_changed_component_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "source_digest", lambda *_: "of another text")
    assert DIGEST not in parameters.__wrapped__("model", "mlp")


def test_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ComponentError, match=r"^model\.name: expected one of .*, got 'mpl'; did you mean 'mlp'\?$"):
        parameters("model", "mpl")


def test_defaults_are_those_of_the_class() -> None:
    assert defaults(parameters("model", "resnet18_narrow")) == {"width": 16, "max_pool": False}


def test_facts_are_those_of_the_class() -> None:
    assert fact("penalty", "nc1", "least_batch", usual=1) == 2
    assert fact("optimizer", "adam", "has_momentum", usual=True) is False
    assert fact("model", "mlp", "least_batch", usual=7) == 7
