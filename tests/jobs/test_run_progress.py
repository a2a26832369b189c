import io
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plasticity.errors import PlasticityError
from plasticity.jobs import run_progress
from plasticity.jobs.run_progress import RunProgress, follow_run, progress_of

BENCHMARKS = {"train": "results/{study}/digits/benchmarks/train/{seed}.tsv", "draw": "results/draw.tsv"}


class Run:
    """Snakemake's logger as a run uses it, with its own handler, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, terse: bool = False) -> None:
        self.now, self.logger, self.terminal = 1000.0, logging.Logger("snakemake", logging.INFO), io.StringIO()
        monkeypatch.setattr(time, "time", lambda: self.now)
        handler = logging.StreamHandler(self.terminal)
        handler.name = "DefaultStreamHandler"
        handler.setFormatter(logging.Formatter("%(message)s"))
        self.logger.addHandler(handler)
        for _ in range(2):  # as where two workflows use this one as a module
            follow_run(self.logger, lambda: BENCHMARKS, terse=terse)
        (self.progress,) = (each for each in self.logger.handlers if isinstance(each, RunProgress))

    def tell(self, event: str, seconds: float = 0.0, **fields: object) -> None:
        self.now += seconds
        self.logger.info(event, extra={"event": event, **fields})

    def begin(self, jobid: int, rule: str, seconds: float = 0.0) -> None:
        self.tell("job_info", seconds, jobid=jobid, rule_name=rule)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    monkeypatch.chdir(tmp_path)
    return lambda **options: Run(monkeypatch, **options)


def plan(run: Run) -> None:
    run.tell("run_info", stats={"train": 4, "draw": 1, "all": 1, "total": 6})


def test_jobs_are_counted_and_measured(run: Callable[..., Run]) -> None:
    begun = run()
    plan(begun)
    begun.begin(1, "train")
    begun.begin(2, "train", 5.0)
    begun.tell("job_finished", 15.0, job_id=1)
    begun.tell("job_error", jobid=2)
    begun.begin(2, "train")  # once more
    state = begun.progress.state
    assert (state.total, state.done, state.waiting) == (6, 1, {"train": 2, "draw": 1})
    assert (state.running, state.seconds, state.at_once) == ((("train", 1020.0),), {"train": 20.0}, 2)
    assert state.unmeasured == {"draw"}
    for jobid, rule in ((2, "train"), (3, "train"), (4, "train"), (5, "draw"), (6, "all")):
        begun.begin(jobid, rule)
        begun.tell("job_finished", job_id=jobid)
    assert begun.progress.state.line(begun.now) == "6 of 6 jobs (100%) done"


def test_earlier_runs_say_how_long_jobs_take_until_this_one_does(run: Callable[..., Run], tmp_path: Path) -> None:
    for study, seconds in (("a", "10.0"), ("b", "30.0"), ("broken", "x")):
        file = tmp_path / f"results/{study}/digits/benchmarks/train/1.tsv"
        file.parent.mkdir(parents=True)
        file.write_text(f"s\th:m:s\n{seconds}\t0:00:10\n")
    begun = run()
    plan(begun)
    assert begun.progress.state.seconds == {"train": 20.0}
    begun.begin(1, "train")
    begun.tell("job_finished", 50.0, job_id=1)
    assert begun.progress.state.seconds == {"train": 50.0}


@pytest.mark.parametrize("terse", [False, True])
def test_the_line_on_the_terminal(run: Callable[..., Run], *, terse: bool) -> None:
    begun = run(terse=terse)
    plan(begun)
    begun.begin(1, "train")
    begun.tell("job_finished", 8.0, job_id=1)
    begun.tell("progress")
    lines = begun.terminal.getvalue().splitlines()
    assert ("job_finished" in lines) is not terse
    assert lines[-1].startswith("1 of 6 jobs (17%) done, 5 left: about 32 s, until ")


def test_what_is_asked_beside_the_run(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlasticityError, match=r"progress\.json: expected the progress of a run, got no file"):
        progress_of()
    begun = run()
    plan(begun)
    begun.begin(1, "train")
    assert progress_of() == "0 of 6 jobs (0%) done, 6 left: no job has been measured yet; running: 1 train"
    begun.progress.close()
    stopped = "0 of 6 jobs (0%) done, 6 left: the run has stopped"
    assert progress_of() == stopped
    plan(begun)
    assert json.loads(run_progress.FILE.read_text())["process"]["pid"] == os.getpid()
    monkeypatch.setattr(run_progress, "_SAME", -1.0)  # as where another process has its number now
    assert progress_of() == stopped


def test_an_error_here_does_not_end_the_run(
    run: Callable[..., Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".snakemake").write_text("a file where the folder would be")
    plan(run())
    assert "Logging error" in capsys.readouterr().err


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_progress.main() == 1
    assert "has one begun in this folder?" in capsys.readouterr().err
