"""The script for a GPU, on this machine's CPUs: what it runs, what it leaves out, and that it goes on."""

import shutil
import subprocess
import sys
from pathlib import Path

import on_a_gpu
import pytest
import yaml

from checkouts import ROOT, TINY, checkout
from plasticity.storage.tables import read_table

SCRIPT = "benchmarks/on_a_gpu.py"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_without_a_device_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(on_a_gpu, "cuda_devices", lambda: 0)
    with pytest.raises(SystemExit) as ended:
        on_a_gpu.main([])
    assert ended.value.code == "on_a_gpu: expected a CUDA device, got none; --without-gpu runs the study on CPUs"
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_the_study_is_complete_after_every_seed_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    folder = checkout(tmp_path / "study")
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
    given = ("--configfile", TINY, "--without-gpu", "--config", "permuted=null")
    done = run(folder, *given)
    assert done.returncode == 0, done.stdout + done.stderr
    titles = [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("seeds ")]
    assert titles == ["seeds [1]", "seeds [1, 2]"]
    metrics = read_table(folder / "results/warm_start/digits/metrics.parquet", "metrics")
    assert sorted(set(metrics["seed"])) == [1, 2]
    assert "Warm-up plain, seeds2-2" in done.stderr
    page = (folder / "docs/reproduction/warm_start_digits.md").read_text(encoding="utf-8")
    kept = yaml.safe_load((folder / "docs/reproduction/warm_start_digits/run.yaml").read_text(encoding="utf-8"))
    assert kept["config"]["warm_start"]["seeds"] == [1, 2]
    assert "warm_start_digits/metrics.parquet" in page
    again = run(folder, *given)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Warm-up" not in again.stderr, "what is finished is not trained again"
