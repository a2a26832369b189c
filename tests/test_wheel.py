"""The package as a wheel brings it: complete without the repository."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import plasticity

ROOT = Path(__file__).resolve().parents[1]
USE = """
import sys
import yaml
import numpy as np
import torch

import plasticity
from plasticity.studies.configuration import load_config
from plasticity.metrics import measure, nc1
from plasticity.report.published.claims import read_published
from plasticity.studies import all_studies
from plasticity.storage.schemas import SCHEMAS

root, installed = sys.argv[1:]
run = plasticity.load(f"{root}/docs/reproduction/warm_start_cifar10_small")
assert len(run.metrics) and run.columns("metrics").loc["nc1", "unit"] == "1"
random = np.random.default_rng(0)
assert nc1(random.normal(size=(60, 8)), np.arange(60) % 3) > 0
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
assert 0 <= measure(network, [(torch.randn(30, 1, 2, 2), torch.arange(30) % 3)], head="3")["accuracy"] <= 1
config = load_config(yaml.safe_load(open(f"{root}/config.yaml")), root=root)
assert config["dataset"]["name"] == "digits"
assert all(SCHEMAS[name] for name in SCHEMAS)
assert all(read_published(study.published).claims for study in all_studies().values())
modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "plasticity"]
assert all(module.__file__.startswith(installed) for module in modules), modules
print(plasticity.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what a clone has, without any network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    files = (path.relative_to(ROOT / "src") for path in (ROOT / "src" / "plasticity").rglob("*") if path.is_file())
    expected = {path.as_posix() for path in files if "__pycache__" not in path.parts}
    assert {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name} == expected
    assert "plasticity/py.typed" in expected


@pytest.mark.slow
def test_the_installed_package_needs_no_repository(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*command, str(installed), str(wheel)], check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-c", USE, str(ROOT), str(installed)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == plasticity.__version__
    assert wheel.name.startswith(f"plasticity-{plasticity.__version__}-")


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "plasticity.__version__"}
    assert f"\nversion: {plasticity.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
