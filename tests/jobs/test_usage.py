import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from plasticity.jobs import usage as job_usage
from plasticity.jobs.usage import RUN, name_run, usage_beside
from plasticity.storage.files import read_json

SCRIPT = """
import sys, time
import numpy as np
from plasticity.jobs.usage import usage_beside
with usage_beside(sys.argv[1]):
    held = np.ones(40 * 2**20 // 8)
    begun = time.process_time()
    while time.process_time() < begun + 0.3:
        held.sum()
    time.sleep(0.2)
"""


def test_what_a_process_took(tmp_path: Path) -> None:
    before = time.time()
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "job.log")], check=True, env=os.environ | {RUN: "17.5"}
    )
    after = time.time()
    used = read_json(tmp_path / "job.usage.json")
    assert used["run"] == 17.5
    assert before - 0.05 <= used["started"] < used["ready"] < used["ended"] <= after + 0.05
    assert used["ended"] - used["ready"] >= 0.5
    assert 0.3 <= used["cpu_seconds"] <= after - before + 0.5
    assert 60 < used["peak_memory_mib"] < 400  # NumPy's share is about 30
    assert used["gpu_memory_mib"] is used["gpu_utilisation"] is None


def test_a_job_that_fails_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), usage_beside(tmp_path / "job.log"):
        print(1 / 0)
    assert not list(tmp_path.iterdir())


def test_a_record_that_cannot_be_written_does_not_fail_the_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "job.usage.json").mkdir()
    with usage_beside(tmp_path / "job.log"):
        pass
    assert "expected to write this file" in caplog.text


def test_the_run_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RUN, raising=False)
    name_run()
    first = os.environ[RUN]
    assert 0 < time.time() - float(first) < 3600
    monkeypatch.setenv(RUN, "5.0")
    name_run()
    assert os.environ[RUN] == "5.0"


class Cuda(SimpleNamespace):
    """Answers as torch.cuda does on a machine with a GPU."""

    def __init__(self, *utilisation: int | Exception) -> None:
        super().__init__(asked=iter(utilisation), is_initialized=lambda: True, current_device=lambda: 1)

    def max_memory_reserved(self) -> int:
        return 3 * 2**30

    def utilization(self, device: int) -> int:
        assert device == 1
        answer = next(self.asked, 90)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(("answers", "expected"), [((90, 90), 0.9), ((ModuleNotFoundError("no module pynvml"),), None)])
def test_a_gpu_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[int | Exception, ...], expected: float | None
) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=Cuda(*answers)))
    monkeypatch.setattr(job_usage, "_SECONDS_BETWEEN_SAMPLES", 0.01)
    with usage_beside(tmp_path / "job.log"):
        time.sleep(0.2)
    used = read_json(tmp_path / "job.usage.json")
    assert used["gpu_memory_mib"] == 3 * 1024
    assert used["gpu_utilisation"] == (None if expected is None else pytest.approx(expected))
