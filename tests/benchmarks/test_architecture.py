"""The house stands: no import climbs, no circles, few modules at the top; and it is counted as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkouts import ROOT

sys.path.append(str(ROOT / "benchmarks"))
from architecture import (  # pyright: ignore[reportMissingImports]
    MARKS,
    House,
    arms,
    circles,
    main,
    own_components,
    rows,
)


@pytest.fixture(scope="module")
def house() -> House:
    return House()


def test_a_room_uses_only_the_floors_below_it() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_few_rooms_and_few_modules_that_are_in_none(house: House) -> None:
    assert house.top_modules == ["__init__", "errors", "seeding"]
    assert len(house.rooms) <= 16
    assert len(house.arrows) <= 50


def test_no_modules_import_each_other(house: House) -> None:
    assert not circles(house.imports)


def test_every_room_has_a_floor(house: House) -> None:
    assert set(house.rooms) == set(house.floors)


def test_a_component_does_not_need_the_whole_check_of_a_configuration(house: House) -> None:
    waiting, reached = ["config.component"], set()
    while waiting:
        one = waiting.pop()
        waiting += [other for start, other in house.imports if start == one and other not in reached]
        reached.add(one)
    assert "config.settings" in reached
    assert not reached & {"config.load", "config.names", "config.consistency", "config.study_section"}


FILES = {
    "pyproject.toml": '[[tool.importlinter.contracts]]\nlayers = ["high", "low | beside"]\n',
    "Snakefile": "one two\n",
    "config.yaml": "two: 1\n",
    "src/plasticity/__init__.py": "from plasticity import low\n",
    "src/plasticity/low/__init__.py": "",
    "src/plasticity/low/one.py": "def later():\n    from plasticity.high import three\n",
    "src/plasticity/high/__init__.py": "",
    "src/plasticity/high/two.py": "import plasticity.low.one\n",
    "src/plasticity/high/three.py": "NAMES = ['one', 'two']\n",
    "src/plasticity/beside.py": "import os\n",
}


@pytest.fixture
def small(tmp_path: Path) -> House:
    """A house with an arrow that leads up."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return House(tmp_path)


def test_arrows_circles_and_lines_are_counted(small: House) -> None:
    assert small.rooms == ["beside", "high", "low"]
    assert small.top_modules == ["__init__", "beside"]
    assert small.arrows == {("low", "high"), ("high", "low")}
    assert small.arrows_up == {("low", "high")}
    assert circles(small.arrows) == [{"high", "low"}]
    assert small.lines() == 7


def test_a_list_of_all_names_is_found(small: House) -> None:
    assert small.touched(["one", "two"], apart="src/plasticity/low/") == ["Snakefile", "src/plasticity/high/three.py"]
    assert small.touched(["one", "two", "six", "ten"], apart="docs") == []


def test_a_finding_refers_to_a_figure_and_lists_none(tmp_path: Path) -> None:
    findings = 'FINDINGS = (Finding("First", "one"), Finding("Second", "two"))\n'
    for name, text in {**FILES, "src/plasticity/high/four.py": findings, "src/plasticity/low/one.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert "src/plasticity/high/four.py" not in House(tmp_path).touched(["one", "two"], apart="docs")


def test_each_change_of_the_table_is_one_file_or_none(house: House) -> None:
    counted = {what: now for what, _, now, _ in rows(house)}
    single = {what: now for what, now in counted.items() if what.startswith("files for a new")}
    assert set(single.values()) == {"1"}, single
    assert {"files for a new arm", "files for a new metric"} < set(single)
    assert [now for what, now in counted.items() if what.startswith("edits of the package")] == ["0"]
    assert "my_lab.nets:WideNet" in own_components(house.root)
    assert {"random_init", "continual", "cascade"} < arms(house.root)


def test_circles_of_any_length_are_found() -> None:
    assert circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("f", "f")]) == [{"a", "b", "c"}, {"f"}]
    assert circles([("a", "b"), ("a", "c"), ("b", "c")]) == []


def test_the_page_has_a_table_of_what_is_counted(tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("architecture.House", lambda: house)
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs/architecture.md").read_text(encoding="utf-8"), encoding="utf-8")
    main({"write": page})
    written = page.read_text(encoding="utf-8")
    assert all(f"| {what} |" in written for what, *_ in rows(house))
    main({"write": page})
    assert page.read_text(encoding="utf-8") == written
    assert written.count(MARKS[0]) == written.count(MARKS[1]) == 1
