import importlib.util
import json
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from plasticity.storage import provenance as original
from plasticity.storage.provenance import provenance, versions


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def _module_in(folder: Path) -> ModuleType:
    """Load the module from a copy in another folder, with caches of its own."""
    path = folder / "provenance.py"
    if not path.exists():
        shutil.copy(original.__file__, path)
    spec = importlib.util.spec_from_file_location("provenance_copy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    _module_in(tmp_path)
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", "provenance.py")
    _git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_the_commit_is_that_of_the_checkout(repository: Path) -> None:
    first = _module_in(repository).commit()
    assert re.fullmatch("[0-9a-f]{40}", first)
    (repository / "results").mkdir()
    (repository / "results" / "untracked.txt").write_text("x")
    assert _module_in(repository).commit() == first


def test_edited_files_are_marked(repository: Path) -> None:
    first = _module_in(repository).commit()
    with (repository / "provenance.py").open("a") as file:
        file.write("# edited\n")
    assert _module_in(repository).commit() == first + "+"


def test_outside_git_and_without_git_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert _module_in(tmp_path).commit() == "unknown"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert _module_in(tmp_path).commit() == "unknown"


def test_versions_are_those_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions()["torch"] == metadata.version("torch")
    assert versions()["numpy"] == metadata.version("numpy")
    copy = _module_in(tmp_path)
    monkeypatch.setattr(copy, "_PACKAGES", ("numpy", "no-such-package"))
    assert set(copy.versions()) == {"python", "numpy"}


def test_the_record_is_plain_json_without_a_time() -> None:
    record = provenance({"epochs": [0, 4]}, "cpu, 1 thread(s)")
    assert json.loads(json.dumps(record)) == record
    assert record == provenance({"epochs": [0, 4]}, "cpu, 1 thread(s)")
    assert record["device"] == "cpu, 1 thread(s)"
    assert record["settings"] == {"epochs": [0, 4]}
