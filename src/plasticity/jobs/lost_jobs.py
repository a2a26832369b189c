"""Jobs that Slurm's executor plugin would lose track of.

What snakemake-executor-plugin-slurm 2.8 does, and what is done about it here:

- It takes a job that Slurm does not list for one that is not listed yet, and waits for it for ever. A controller loses
  jobs when it comes back without its saved state, or forgets them before they are seen to have ended (Slurm's
  MinJobAge). Here a job that is missing time and again has failed, so that Snakemake tries it again.
- It forgets all jobs when the controller does not answer, and Snakemake waits for ever. Here they are asked for again.
- While it asks for the jobs, an interrupt finds none to cancel, and they run on. Here it finds them.
- Its pause between two questions grows to three minutes, which a chain of short jobs pays at every link. Here it stays
  within Snakemake's `--seconds-between-status-checks`, which the plugin does not look at.
"""

from collections import Counter
from collections.abc import AsyncIterator
from functools import wraps
from typing import Any

PATIENCE = 3  # status checks in a row without the job


def notice_lost_jobs(executor: Any, *, queue: Any) -> None:
    """Change the plugin's executor as this module says, once.

    Args:
        executor: The plugin's class `Executor`.
        queue: The plugin's module `job_status_query`, which asks `squeue`.
    """
    check, cancel = executor.check_active_jobs, executor.cancel_jobs
    if hasattr(check, "__wrapped__"):
        return
    missed: Counter[str] = Counter()
    tracked: list[Any] = []

    @wraps(check)
    async def check_active_jobs(self: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        tracked[:] = active_jobs
        listed = await _listed_jobs(queue, run=self.run_uuid, logger=self.logger) if active_jobs else set()
        if listed is None:
            self.logger.warning("Slurm's controller does not answer; the jobs are queried again.")
            waiting = active_jobs
        else:
            waiting = [job async for job in check(self, active_jobs)]
            _count(missed, waiting, listed)
        lost = [job for job in waiting if missed[job.external_jobid] >= PATIENCE]
        for job in lost:
            del missed[job.external_jobid]
            message = (
                f"Slurm has lost job {job.external_jobid}: it is neither pending nor running, and no end is recorded. "
            )
            self.report_job_error(job, msg=message, aux_logs=[str(job.aux.get("slurm_logfile"))])
        tracked[:] = [job for job in waiting if job not in lost]
        for job in list(tracked):
            yield job
        longest = self.workflow.remote_execution_settings.seconds_between_status_checks
        self.next_seconds_between_status_checks = min(self.next_seconds_between_status_checks, longest)

    @wraps(cancel)
    def cancel_jobs(self: Any, active_jobs: list[Any]) -> None:
        cancel(self, list({job.external_jobid: job for job in [*tracked, *active_jobs]}.values()))

    executor.check_active_jobs = check_active_jobs
    executor.cancel_jobs = cancel_jobs


def _count(missed: Counter[str], waiting: list[Any], listed: set[str]) -> None:
    """Count in how many checks in a row each job has been missing."""
    for job in waiting:
        name = job.external_jobid
        missed[name] = 0 if _number(name) in listed else missed[name] + 1


async def _listed_jobs(queue: Any, *, run: str, logger: Any) -> set[str] | None:
    """Return the numbers of the run's jobs that the controller knows, ended ones too; None if it did not answer."""
    states, _ = await queue.query_job_status(queue.query_job_status_squeue(run), logger)
    return None if states is None else {_number(name) for name in states}


def _number(name: str) -> str:
    """Return a job's number without that of its array task: squeue writes tasks that wait as 7_[2-5]."""
    return name.partition("_")[0]
