"""What `make` installs, seen by a Python that notes how it is called and installs nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = """#!/bin/sh
echo "$@" >> calls
if [ "$2" = venv ]; then mkdir -p .venv/bin && cp "$0" .venv/bin/python; fi
"""
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = {line.partition("==")[0]: line for line in LOCK.splitlines() if line[:1].strip("# ")}
CUDA = {name for name, line in PINS.items() if "sys_platform == 'linux'" in line}

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def install(folder: Path, *variables: str) -> list[str]:
    """Return what pip is told."""
    command = ["make", "--silent", ".venv/.installed", "PYTHON=./python", *variables]
    (folder / "calls").write_text("")
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    calls = (folder / "calls").read_text().splitlines()
    return [call.removeprefix("-m pip ") for call in calls if call.startswith("-m pip")]


EDITABLE = "install --quiet --no-deps --editable ."


def test_the_lock_is_installed_once(folder: Path) -> None:
    assert install(folder) == ["install --quiet --requirement requirements.lock", EDITABLE]
    assert not install(folder)
    (folder / ".venv/.installed").write_text("")  # as earlier versions left it
    assert not install(folder, "TORCH=cuda")


def test_without_cuda_pytorch_comes_from_its_own_index_in_the_locked_versions(folder: Path) -> None:
    first, second, third = install(folder, "TORCH=cpu", "TORCH_INDEX=file:///wheels")
    assert first == f"install --quiet --no-deps --index-url file:///wheels {PINS['torch']} {PINS['torchvision']}"
    assert (second, third) == ("install --quiet --requirement .venv/cpu.lock", EDITABLE)
    left = (folder / ".venv/cpu.lock").read_text().splitlines()
    assert {name for name, line in PINS.items() if line not in left} == CUDA
    assert "nvidia-ml-py" in PINS.keys() - CUDA  # asks the driver, and is small
    assert not install(folder)  # what is installed stays
    assert "https://download.pytorch.org/whl/cpu" in (folder / "Makefile").read_text()


def test_another_pytorch_is_installed_in_place_of_what_is_there(folder: Path) -> None:
    install(folder)
    uninstalled, *rest = install(folder, "TORCH=cpu")
    assert uninstalled.startswith("uninstall --quiet --yes torch torchvision ")
    assert set(uninstalled.split()[5:]) == CUDA
    assert len(rest) == 3
    (folder / ".venv/.installed").unlink()  # as where an installation was interrupted: there may be anything
    uninstalled, *rest = install(folder, "TORCH=cuda")
    assert rest == ["install --quiet --requirement requirements.lock", EDITABLE]


def test_another_word_is_refused(folder: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        install(folder, "TORCH=gpu")
    assert re.search(rb"TORCH: expected cpu or cuda, got gpu", caught.value.stderr)
