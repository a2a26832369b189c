"""What ends a run from outside: Ctrl-C and SIGTERM, to all processes and to Snakemake alone. The next run goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from checkouts import checkout, snakemake

RUN = ("--configfile", "tests/config/tiny.yaml", "tests/config/stop.yaml", "--until", "warm_up")
WARM_UP = Path("results/warm_start/digits/warm_up/plain/seeds1-1")
LOG = Path("logs/warm_start/digits/warm_up/plain/seeds1-1.log")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("undisturbed"))
    snakemake(folder, *RUN)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run, with processes of its own session, whose warm-up has trained for some epochs."""
    folder = checkout(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *RUN]
    process = subprocess.Popen(
        command, cwd=folder, start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        end = time.monotonic() + 90
        while "epoch 50/" not in ((folder / LOG).read_text(encoding="utf-8") if (folder / LOG).exists() else ""):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        yield process
    finally:
        for each in session(process.pid):
            each.kill()
        process.wait()


def session(number: int) -> list[psutil.Process]:
    """Return the living processes of a session."""
    found = []
    for process in psutil.process_iter(["status"]):
        try:
            alive = process.info["status"] != psutil.STATUS_ZOMBIE and os.getsid(process.pid) == number
        except ProcessLookupError:
            continue
        if alive:
            found.append(process)
    return found


def goes_on(folder: Path, undisturbed: Path) -> None:
    """The next run needs no --unlock and ends in the bytes of a run that nothing stopped."""
    assert not list((folder / ".snakemake/locks").glob("*"))
    snakemake(folder, *RUN)
    for path in sorted((undisturbed / WARM_UP).rglob("*.*")):
        if path.is_file():
            assert (folder / path.relative_to(undisturbed)).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM], ids=["ctrl_c", "sigterm"])
def test_signal_to_all_processes_ends_them_within_seconds(
    run: subprocess.Popen[str], tmp_path: Path, undisturbed: Path, kind: signal.Signals
) -> None:
    """Ctrl-C in a terminal, a terminal's end, a service manager and a shutdown send it to all."""
    os.killpg(run.pid, kind)
    output, _ = run.communicate(timeout=20)
    assert run.returncode != 0
    assert f"plasticity: stopped by {kind.name}" in output
    assert not session(run.pid)
    goes_on(tmp_path, undisturbed)
    assert "resumed after epoch" in (tmp_path / LOG).read_text(encoding="utf-8")


def test_sigterm_to_snakemake_alone_lets_running_jobs_end(
    run: subprocess.Popen[str], tmp_path: Path, undisturbed: Path
) -> None:
    """Snakemake's way to stop without losing work: no new jobs."""
    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=120)
    assert run.returncode != 0
    assert "Will exit after finishing currently running jobs" in output
    assert not session(run.pid)
    assert (tmp_path / WARM_UP / "history.parquet").exists()
    goes_on(tmp_path, undisturbed)
