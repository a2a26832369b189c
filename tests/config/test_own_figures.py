"""Figures of the user's own code as their text describes them, and what is said of those that cannot be drawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plasticity.config import own_code
from plasticity.config.component import ComponentError
from plasticity.config.findings import Findings
from plasticity.config.own_code import find_own_code_in
from plasticity.config.own_figures import check_own_figures, file_name, own_figure

FIGURES = '''
import no_such_module

TABLES = ("metrics",)


def spread(tables, style):
    """Spread of the features.

    Over the warm-up, {{ n }}.
    """


def silent(tables, style): ...
'''


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with figures of the user's own, which nothing could import."""
    for name, text in {
        "lab_of_figures/__init__.py": "",
        "lab_of_figures/figures.py": FIGURES,
        "lab_of_figures/alone.py": FIGURES.replace("TABLES", "OTHERS"),
        "lab_of_figures/broken.py": "def (:\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv(own_code.VARIABLE, "")
    monkeypatch.setattr("sys.path", [])
    find_own_code_in([tmp_path])
    own_code._root.cache_clear()
    own_figure.cache_clear()
    yield tmp_path
    own_code._root.cache_clear()


def test_its_docstring_is_the_caption(lab: Path) -> None:
    name = "lab_of_figures.figures:spread"
    found = own_figure(name)
    assert (found.module, found.title, found.tables) == (name, "Spread of the features", ("metrics",))
    assert found.caption == "Over the warm-up, {{ n }}."
    assert (file_name(name), file_name("plasticity_gap")) == ("spread", "plasticity_gap")
    assert lab


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lab_of_figure.figures:spread", "got no module 'lab_of_figure.figures'; looked in {lab}, and where"),
        ("lab_of_figures.figures:sprea", "got no function 'sprea' in {lab}/lab_of_figures/figures.py; did you mean"),
        ("lab_of_figures.figures:silent", "to have a docstring, its caption, and TABLES = (...) above it, got one"),
        ("lab_of_figures.alone:spread", "to have a docstring, its caption, and TABLES = (...) above it, got one"),
        ("lab_of_figures.broken:spread", "expected {lab}/lab_of_figures/broken.py to be Python, got invalid syntax"),
    ],
)
def test_one_line_says_what_is_wrong(lab: Path, name: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        own_figure(name)
    assert message.format(lab=lab) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_figures_cannot_have_one_file(lab: Path) -> None:
    findings, name = Findings(), "lab_of_figures.figures:spread"
    check_own_figures([name, "plasticity_gap"], ["plasticity_gap"], ("warm_start", "figures"), findings)
    assert not findings.touch(("warm_start",))
    check_own_figures([name], ["spread"], ("warm_start", "figures"), findings)
    assert findings.touch(("warm_start", "figures", name))
    assert lab
