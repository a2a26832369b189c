"""The whole workflow, killed at random moments as by a power failure, ends in the files of an undisturbed run."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checkouts import checkout

CONFIG = "tests/config/kills.yaml"
KILLS = 12
SECONDS = 1500.0  # then it hangs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


class Workflow:
    """The studies in a checkout of their own."""

    def __init__(self, folder: Path, cores: int) -> None:
        self.folder = folder
        self.log = folder / "run.log"
        self.command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", CONFIG]

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*self.command, *options], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def finish(self, *options: str) -> None:
        assert self.start(*options).wait(SECONDS) == 0, self.log.read_text(encoding="utf-8")[-4000:]

    def kill_after(self, seconds: float) -> bool:
        """Start the workflow and kill all its processes; False if it had ended before."""
        process = self.start("--rerun-incomplete")
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            shutil.rmtree(self.folder / ".snakemake/locks", ignore_errors=True)  # as --unlock, without another start
            return True
        assert status == 0, self.log.read_text(encoding="utf-8")[-4000:]
        return False

    def results(self) -> dict[str, bytes]:
        """Return all files that a study's results consist of; what jobs took is another thing each time."""
        found = {str(path.relative_to(self.folder)): path for path in self.folder.glob("results/*/digits/**/*")}
        return {
            name: path.read_bytes()
            for name, path in found.items()
            if path.is_file() and "benchmarks" not in name and not path.name.startswith(".")
        }


def differing(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    workflow = Workflow(checkout(tmp_path_factory.mktemp("undisturbed")), cores=2)
    workflow.finish()
    return workflow


def without_results(workflow: Workflow, folder: Path) -> Path:
    """Copy a checkout with its compiled loops: compiling takes longer than most attempts here last."""
    kept_out = shutil.ignore_patterns("results", ".snakemake", "logs")
    return Path(shutil.copytree(workflow.folder, folder, ignore=kept_out))


@pytest.mark.parametrize("cores", [1, 2])
def test_kills_at_random_moments(cores: int, undisturbed: Workflow, tmp_path: Path) -> None:
    workflow = Workflow(without_results(undisturbed, tmp_path / "killed"), cores)
    moments, expected, kills = random.Random(cores), undisturbed.results(), 0
    assert expected
    while kills < KILLS:
        if workflow.kill_after(moments.uniform(1, 14)):
            kills += 1
        else:
            assert differing(workflow.results(), expected) == []
            shutil.rmtree(workflow.folder / "results")
            shutil.rmtree(workflow.folder / ".snakemake")
    workflow.finish("--rerun-incomplete")
    assert differing(workflow.results(), expected) == []
