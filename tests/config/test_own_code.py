"""Components of the user's own code: where they are found, and what is said when they cannot be used."""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from plasticity.config import own_code
from plasticity.config.component import FOLDERS, ComponentError, _classes, component
from plasticity.config.own_code import distribution_digest, find_own_code_in, import_own_code, is_installed, root_of

LAB = '''
from torch import nn

from plasticity.config.component import Component
from plasticity.models.network import Network


class WideNet(Network):
    """A network."""

    def build(self, image_shape, num_classes): ...


class Unbuilt(Network):
    """No network yet."""


class Again(Network, name="mlp"):
    """Its name is taken."""


class Other(Component, kind="penalty", name="other"):
    """Of another kind."""


class Whatever:
    """Nothing at all."""


def function(): ...
'''


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules of the user's own, which are found as in a run."""
    for name, text in {
        "lab_of_tests/__init__.py": "",
        "lab_of_tests/nets.py": LAB,
        "lab_of_tests/broken.py": "import no_such_module\n",
        "lab_of_tests/unfinished.py": "class (:\n",
        "lab_of_tests/failing.py": "raise RuntimeError('needs a license\\nand more')\n",
        "random.py": "raise SystemExit\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(own_code.VARIABLE, "")
    find_own_code_in([tmp_path, tmp_path])
    own_code._root.cache_clear()
    yield tmp_path
    own_code._root.cache_clear()
    for name in [name for name in sys.modules if name.startswith("lab_of_tests")]:
        del sys.modules[name]


def test_own_code_is_found_and_comes_last(lab: Path) -> None:
    assert os.environ[own_code.VARIABLE] == str(lab)
    assert import_own_code("lab_of_tests.nets").WideNet
    assert import_own_code("random") is random
    assert root_of("lab_of_tests") == lab
    assert root_of("random") != lab
    assert root_of("no_such_module") is None


def test_a_component_from_outside_is_returned(lab: Path) -> None:
    found = component("model", "lab_of_tests.nets:WideNet")
    assert (found.__name__, found.kind) == ("WideNet", "model")
    assert lab


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "lab_of_test.nets:WideNet",
            "model.name: expected 'lab_of_test.nets:WideNet' to be importable, got ModuleNotFoundError: No module "
            "named 'lab_of_test'; looked in {lab}, and where Python looks",
        ),
        (
            "lab_of_tests.broken:Net",
            "model.name: expected 'lab_of_tests.broken:Net' to be importable, got ModuleNotFoundError: No module named "
            "'no_such_module'",
        ),
        (
            "lab_of_tests.failing:Net",
            "model.name: expected 'lab_of_tests.failing:Net' to be importable, got RuntimeError: needs a license",
        ),
        (
            "lab_of_tests.nets:WidNet",
            "model.name: expected 'lab_of_tests.nets:WidNet' to be importable, got no 'WidNet' in "
            "{lab}/lab_of_tests/nets.py; did you mean 'WideNet'?",
        ),
        (
            "lab_of_tests.nets:Other",
            "model.name: expected 'lab_of_tests.nets:Other' to be a model component, a subclass of "
            "plasticity.models.network.Network, got a penalty component",
        ),
        (
            "lab_of_tests.nets:Whatever",
            "model.name: expected 'lab_of_tests.nets:Whatever' to be a model component, a subclass of "
            "plasticity.models.network.Network, got the class Whatever",
        ),
        (
            "lab_of_tests.nets:function",
            "model.name: expected 'lab_of_tests.nets:function' to be a model component, a subclass of "
            "plasticity.models.network.Network, got a function",
        ),
        (
            "lab_of_tests.nets:Unbuilt",
            "model.name: expected 'lab_of_tests.nets:Unbuilt' to define the method build, got a class without it",
        ),
        (
            "lab_of_tests.nets:Again",
            "model.name: expected 'lab_of_tests.nets:Again' to have a name of its own, or none, got 'mlp', which is "
            "built in",
        ),
    ],
)
def test_one_line_says_what_is_wrong(lab: Path, name: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        component("model", name)
    assert str(caught.value) == message.format(lab=lab)


def test_code_that_is_not_python_is_one_line_too(lab: Path) -> None:
    with pytest.raises(ComponentError, match=r"to be importable, got SyntaxError: invalid syntax") as caught:
        component("model", "lab_of_tests.unfinished:Net")
    assert "\n" not in str(caught.value)
    assert lab


def test_an_installed_package_says_its_version_and_files() -> None:
    name, version, *files = distribution_digest("torchvision").splitlines()
    assert name == "torchvision"
    assert version[0].isdigit()
    assert any(line.startswith("torchvision/models/resnet.py,sha256=") for line in files)
    assert not distribution_digest("no_such_package")


def test_installed_folders_are_told_from_the_users() -> None:
    root = root_of("torchvision")
    assert root
    assert is_installed(root)
    assert not is_installed(Path("/home/me/my_project"))


@pytest.mark.parametrize("kind", FOLDERS)
def test_every_component_of_a_kind_has_a_name_of_its_own(kind: str) -> None:
    names = Counter(name for folder in FOLDERS[kind] for name, _ in _classes(folder, "name"))
    assert max(names.values(), default=1) == 1
