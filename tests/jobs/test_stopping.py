"""Signals that ask a job to end: what becomes of the work, and that the next run continues from it."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from damage import everything
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import Stopped, stoppable
from plasticity.stages.learners.stack_learner import StackLearner
from tiny_permuted import Trained, arm, following_settings, train_first
from tiny_study import FOLDER, RECORDS, SEED, TinyStudy, checkpoints_of, contents_of

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def tell(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_one_line_and_an_exit(
    number: signal.Signals, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SystemExit) as end, stoppable():
        try:
            tell(number)
        except Exception:  # what stages catch
            pytest.fail("a stop is no error")
    assert end.value.code == 128 + number
    line = f"stopped by {number.name}: run the same command again to continue from the saved work"
    assert capsys.readouterr().err == f"plasticity: {line}\n"
    assert caplog.messages == [line]


def test_handlers_are_there_inside_alone() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    @stoppable()
    def inside() -> list[Any]:
        return [signal.getsignal(number) for number in SIGNALS]

    assert not set(inside()) & set(before)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_the_same_wish_twice_does_not_interrupt_the_saving() -> None:
    saved = []
    with pytest.raises(SystemExit), stoppable():
        try:
            tell(signal.SIGINT)
        except Stopped:
            tell(signal.SIGTERM)
            saved.append(True)
            raise
    assert saved


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            tell(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_is_left_alone() -> None:
    found: list[Any] = []

    def work() -> None:
        with stoppable():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


# A job as Snakemake starts it: its script holds an object `snakemake`, its parent waits for it.
JOB = """
import sys, time
from plasticity.jobs import stopping
stopping._SECONDS_BETWEEN_CHECKS = 0.1
{snakemake}
with stopping.stoppable():
    print("at work", flush=True)
    time.sleep({seconds})
print("went on", flush=True)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.mark.parametrize(("snakemake", "seconds", "end"), [("snakemake = 1", 30, ""), ("", 1, "went on")])
def test_a_job_ends_with_the_snakemake_that_started_it(snakemake: str, seconds: int, end: str) -> None:
    job = JOB.format(snakemake=snakemake, seconds=seconds)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, job], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert parent.stdout
    assert parent.stdout.readline() == b"at work\n"
    start = time.monotonic()
    parent.kill()
    out, told = parent.communicate()  # the pipes close when the job has ended, too
    assert time.monotonic() - start < 10
    assert out.decode().strip() == end
    assert ("plasticity: stopped by SIGTERM" in told.decode()) is bool(snakemake)


# The four stages that train


def _stop_after(number: int, epoch: int) -> Callable[[pytest.MonkeyPatch], None]:
    show = Progress.show

    def stopped(self: Progress, at: int, *rest: Any) -> None:
        show(self, at, *rest)
        if at == epoch:
            tell(number)

    return lambda patch: patch.setattr(Progress, "show", stopped)


def _stopped(patch: Callable[[pytest.MonkeyPatch], None], run: Callable[[], object], folder: Path, state: str) -> None:
    """Run a stage into a signal; of its work only the state and what belongs to it is left."""
    with pytest.MonkeyPatch.context() as monkeypatch, pytest.raises(SystemExit):
        patch(monkeypatch)
        run()
    left = everything(folder)
    assert any(name.endswith(f"{state}/state.safetensors") for name in left)
    assert not [name for name in left if name.endswith(".part")]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_stopped_warm_up_keeps_its_last_finished_epoch(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    _stopped(_stop_after(number, 2), lambda: tiny.warm_up(tmp_path), tmp_path, f".trajectory.unfinished/state{SEED}")
    with caplog.at_level(logging.INFO, logger="plasticity"):
        files = tiny.warm_up(tmp_path)
    assert "resumed after epoch 2" in caplog.messages
    assert contents_of(files.trajectory / FOLDER) == contents_of(trajectory)


def test_a_warm_up_stopped_within_an_epoch_keeps_the_one_before(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from plasticity.training import run

    calls, train_epoch = iter(range(1, 9)), run.train_epoch

    def within(*given: Any, **options: Any) -> Any:
        result = train_epoch(*given, **options)  # the weights have changed
        if next(calls) == 3:
            tell(signal.SIGTERM)
        return result

    _stopped(
        lambda patch: patch.setattr(run, "train_epoch", within),
        lambda: tiny.warm_up(tmp_path),
        tmp_path,
        f".trajectory.unfinished/state{SEED}",
    )
    with caplog.at_level(logging.INFO, logger="plasticity"):
        files = tiny.warm_up(tmp_path)
    assert "resumed after epoch 2" in caplog.messages
    assert contents_of(files.trajectory / FOLDER) == contents_of(trajectory)


def test_a_stopped_fine_tuning_keeps_its_last_finished_epoch(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    starts = checkpoints_of(trajectory, 1, 2)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    tiny.fine_tune(whole, starts)
    _stopped(
        _stop_after(signal.SIGTERM, 2), lambda: tiny.fine_tune(cut, starts), cut / RECORDS, ".epoch0001.unfinished"
    )
    with caplog.at_level(logging.INFO, logger="plasticity"):
        tiny.fine_tune(cut, starts)
    assert "resumed after epoch 2" in caplog.messages
    assert everything(cut) == everything(whole)


def _stop_within(call: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Stop within the `call`-th task or epoch, when the networks have changed already."""
    calls, train = iter(range(1, 99)), StackLearner.train_epoch

    def within(*given: Any, **options: Any) -> Any:
        found = train(*given, **options)
        if next(calls) == call:
            tell(signal.SIGTERM)
        return found

    return lambda patch: patch.setattr(StackLearner, "train_epoch", within)


def test_a_stopped_first_task_keeps_its_last_finished_epoch(tiny: TinyStudy, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train_first(tiny.data, whole)
    _stopped(_stop_within(3), lambda: train_first(tiny.data, cut), cut, ".trajectory.unfinished")
    train_first(tiny.data, cut)
    assert everything(cut) == everything(whole)


def test_stopped_following_tasks_keep_the_last_finished_task(tiny: TinyStudy, tmp_path: Path) -> None:
    trained = Trained(tiny.data, {"plain": train_first(tiny.data, tmp_path / "first")})
    settings = following_settings(arm("continual"))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    trained.follow(whole / "tasks.parquet", settings)
    _stopped(
        _stop_within(3),
        lambda: trained.follow(cut / "tasks.parquet", settings),
        cut,
        ".tasks.unfinished",
    )
    trained.follow(cut / "tasks.parquet", settings)
    assert everything(cut) == everything(whole)
