"""Jobs that Slurm has lost. With Slurm itself: tests/test_slurm.py."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_executor_plugin_slurm import Executor, job_status_query

from plasticity.jobs.lost_jobs import PATIENCE, notice_lost_jobs

NOTHING: dict[str, str] = {}


class Queue:
    """Answers one after another; None is a controller that does not answer."""

    def __init__(self, *answers: dict[str, str] | None) -> None:
        self.answers = list(answers)

    def query_job_status_squeue(self, run: str) -> str:
        return run

    async def query_job_status(
        self, command: str, logger: logging.Logger
    ) -> tuple[dict[str, str] | None, float | None]:
        answer = self.answers.pop(0)
        return answer, None if answer is None else 0.0


def executor(*answers: dict[str, str] | None) -> Any:
    """Return an executor that waits for every job for ever, as the plugin does, with the queue's answers."""

    class Waiting:
        run_uuid = "run"
        logger = logging.getLogger("test")
        workflow = SimpleNamespace(remote_execution_settings=SimpleNamespace(seconds_between_status_checks=60))
        next_seconds_between_status_checks = 180

        def __init__(self) -> None:
            self.failed: list[str] = []
            self.cancelled: list[str] = []

        def cancel_jobs(self, active_jobs: list[Any]) -> None:
            self.cancelled = [job.external_jobid for job in active_jobs]

        async def check_active_jobs(self, active_jobs: list[Any]) -> AsyncIterator[Any]:
            for job in active_jobs:
                yield job

        def report_job_error(self, job: Any, msg: str, aux_logs: list[str]) -> None:
            self.failed.append(f"{msg}{aux_logs}")

    notice_lost_jobs(Waiting, queue=Queue(*answers))
    return Waiting()


def checks(running: Any, *names: str, rounds: int) -> list[list[str]]:
    """Return which jobs are still waited for after each of some status checks."""

    async def rest() -> list[list[str]]:
        jobs = [SimpleNamespace(external_jobid=name, aux={"slurm_logfile": f"{name}.log"}) for name in names]
        found = []
        for _ in range(rounds):
            jobs = [job async for job in running.check_active_jobs(jobs)]
            found.append([job.external_jobid for job in jobs])
        return found

    return asyncio.run(rest())


def test_job_that_is_missing_time_and_again_has_failed() -> None:
    running = executor(*[{"2": "RUNNING"}] * PATIENCE)
    assert checks(running, "1", "2", rounds=PATIENCE) == [["1", "2"]] * (PATIENCE - 1) + [["2"]]
    (message,) = running.failed
    assert "Slurm has lost job 1" in message
    assert "1.log" in message
    assert running.next_seconds_between_status_checks == 60


def test_job_that_is_missing_for_a_moment_is_waited_for() -> None:
    running = executor(NOTHING, NOTHING, {"1": "PENDING"}, NOTHING, NOTHING)
    assert checks(running, "1", rounds=5) == [["1"]] * 5
    assert not running.failed


def test_silence_of_the_controller_says_nothing_about_jobs() -> None:
    running = executor(*[None] * 10)
    assert checks(running, "1", rounds=10) == [["1"]] * 10
    assert not running.failed


@pytest.mark.parametrize("listed", ["7_2", "7_[2-5]", "7"])
def test_tasks_of_an_array_are_listed_in_several_ways(listed: str) -> None:
    running = executor(*[{listed: "PENDING"}] * 5)
    assert checks(running, "7_2", rounds=5) == [["7_2"]] * 5


def test_an_interrupt_during_a_check_cancels_the_jobs() -> None:
    running = executor({"1": "RUNNING", "2": "RUNNING"})

    async def interrupted() -> None:
        jobs = [SimpleNamespace(external_jobid=name, aux={}) for name in ("1", "2")]
        async for _ in running.check_active_jobs(jobs):
            running.cancel_jobs([])  # Snakemake's own list is empty until the check has ended
            break

    asyncio.run(interrupted())
    assert running.cancelled == ["1", "2"]


def test_what_has_ended_is_not_cancelled() -> None:
    running = executor(*[{"2": "RUNNING"}] * PATIENCE)
    checks(running, "1", "2", rounds=PATIENCE)
    running.cancel_jobs([])
    assert running.cancelled == ["2"]


def test_the_queue_is_not_asked_for_no_jobs() -> None:
    assert checks(executor(), rounds=2) == [[], []]


def test_the_plugin_is_changed_once_and_has_what_is_needed() -> None:
    before, cancel = Executor.check_active_jobs, Executor.cancel_jobs
    try:
        assert inspect.isasyncgenfunction(inspect.unwrap(before))
        notice_lost_jobs(Executor, queue=job_status_query)
        changed = Executor.check_active_jobs
        notice_lost_jobs(Executor, queue=job_status_query)
        assert Executor.check_active_jobs is changed
    finally:
        Executor.check_active_jobs, Executor.cancel_jobs = before, cancel
    assert "--name run" in job_status_query.query_job_status_squeue("run")
    assert inspect.iscoroutinefunction(job_status_query.query_job_status)
    assert isinstance(Executor.next_seconds_between_status_checks, property)
