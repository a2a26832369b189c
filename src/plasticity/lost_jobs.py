"""Slurm jobs that its controller has lost: reported to Snakemake as failed, so that they are tried again.

snakemake-executor-plugin-slurm (2.8) takes a job that Slurm does not list for one that is not listed yet, and waits for
it for ever; a controller that does not answer makes it forget all its jobs, and Snakemake waits for ever, too. A
controller loses jobs when it comes back without its saved state, or forgets them before they are seen to have ended
(Slurm's MinJobAge). Pauses between status checks are kept within `--seconds-between-status-checks`, which the plugin
does not look at.
"""

from collections import Counter
from collections.abc import AsyncIterator
from functools import wraps
from typing import Any

PATIENCE = 3  # status checks in a row without the job


def notice_lost_jobs(executor: Any, *, queue: Any) -> None:
    """Let the plugin report a job as failed that Slurm's queue lacks in three status checks in a row.

    Args:
        executor: The plugin's class `Executor`; changed in place, once.
        queue: The plugin's module `job_status_query`, which asks `squeue`.
    """
    check = executor.check_active_jobs
    if hasattr(check, "__wrapped__"):
        return
    missed: Counter[str] = Counter()

    @wraps(check)
    async def check_active_jobs(self: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        listed = await _listed_jobs(queue, run=self.run_uuid, logger=self.logger) if active_jobs else set()
        if listed is None:
            self.logger.warning("Slurm's controller does not answer; its jobs are asked for again.")
            for job in active_jobs:
                yield job
            return
        async for job in check(self, active_jobs):
            name = job.external_jobid
            missed[name] = 0 if _number(name) in listed else missed[name] + 1
            if missed[name] >= PATIENCE:
                message = f"Slurm has lost job {name}: it neither waits, nor runs, nor is it known to have ended. "
                self.report_job_error(job, msg=message, aux_logs=[str(job.aux.get("slurm_logfile"))])
                continue
            yield job
        # The plugin's pause grows to three minutes, which a chain of short jobs would pay at every link.
        longest = self.workflow.remote_execution_settings.seconds_between_status_checks
        self.next_seconds_between_status_checks = min(self.next_seconds_between_status_checks, longest)

    executor.check_active_jobs = check_active_jobs


async def _listed_jobs(queue: Any, *, run: str, logger: Any) -> set[str] | None:
    """Return the numbers of the run's jobs that the controller knows, ended ones too; None if it did not answer."""
    states, _ = await queue.query_job_status(queue.query_job_status_squeue(run), logger)
    return None if states is None else {_number(name) for name in states}


def _number(name: str) -> str:
    """Return a job's number without that of its array task: squeue writes tasks that wait as 7_[2-5]."""
    return name.partition("_")[0]
