"""What stages and whole runs took: sums over the jobs of the table "benchmarks"."""

import datetime
from typing import Any

import numpy as np
import pandas as pd

from plasticity.report.figures.summaries import rows_where


def by_stage(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per study and stage, in the order in which the stages first ran."""
    groups: Any = jobs.sort_values("started", kind="stable").groupby(["study", "stage"], sort=False)
    wall = groups["wall_seconds"].sum()
    table = pd.DataFrame({"jobs": groups.size(), "wall time, s": wall.map("{:.1f}".format)})
    table["longest job, s"] = groups["wall_seconds"].max().map("{:.1f}".format)
    table["CPU time, s"] = groups["cpu_seconds"].sum().map("{:.1f}".format)
    table["start-up, % of wall time"] = (100 * groups["start_up_seconds"].sum() / wall).map("{:.0f}".format)
    table["peak memory, MiB"] = groups["peak_memory_mib"].max().map("{:.0f}".format)
    table["GPU memory, MiB"] = groups["gpu_memory_mib"].max().map(_or_dash("{:.0f}"))
    table["GPU busy, %"] = (100 * groups["gpu_utilisation"].mean()).map(_or_dash("{:.0f}"))
    return table.reset_index()


def by_run(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per run of Snakemake, the last one first, with the shares of `shares`."""
    rows = []
    for run in sorted(jobs["run"].dropna().unique(), reverse=True):
        its_jobs = rows_where(jobs, jobs["run"] == run)
        found = shares(its_jobs)
        began = datetime.datetime.fromtimestamp(run, tz=datetime.UTC)
        rows.append({
            "started, UTC": f"{began:%Y-%m-%d %H:%M:%S}",
            "jobs": len(its_jobs),
            "slots": int(found["slots"]),
            "duration, s": f"{found['seconds']:.1f}",
            "time to first work, s": f"{found['first_work']:.1f}",
            "work, %": f"{100 * found['work']:.0f}",
            "start-up, %": f"{100 * found['start_up']:.0f}",
            "rest, %": f"{100 * found['rest']:.0f}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def shares(jobs: pd.DataFrame) -> dict[str, Any]:
    """Return how one run spent its time.

    Args:
        jobs: Rows of the table "benchmarks" of a single run, with its beginning known.

    Returns:
        `seconds` from the start of Snakemake to the end of the last job; `first_work`, seconds until the first job
        worked; `slots`, the most jobs at once; and, as fractions of slots times seconds, `work` of the stages,
        `start_up` of jobs until their work begins, and the `rest`: Snakemake, and slots without a job.
    """
    began = jobs["run"].to_numpy(dtype=float)[0]
    started, ended = jobs["started"].to_numpy(dtype=float), jobs["ended"].to_numpy(dtype=float)
    ready = started + jobs["start_up_seconds"].to_numpy(dtype=float)
    seconds, slots = ended.max() - began, most_at_once(started, ended)
    work, start_up = (ended - ready).sum() / (slots * seconds), (ready - started).sum() / (slots * seconds)
    found = {"seconds": seconds, "slots": slots, "first_work": ready.min() - began}
    return {**found, "work": work, "start_up": start_up, "rest": 1 - work - start_up}


def most_at_once(started: np.ndarray, ended: np.ndarray) -> int:
    """Return the largest number of half-open intervals [started, ended) that share a moment; both of shape (n,)."""
    moments = np.concatenate([started, ended])
    steps = np.concatenate([np.ones(len(started), dtype=int), -np.ones(len(ended), dtype=int)])
    order = np.lexsort((steps, moments))  # at one moment ends come first
    return int(np.cumsum(steps[order]).max(initial=0))


def main_run(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs of the run with the largest total work, the one that made most of the results."""
    work = {run: jobs.loc[jobs["run"] == run, "wall_seconds"].sum() for run in jobs["run"].dropna().unique()}
    return rows_where(jobs, jobs["run"] == max(work, key=lambda run: work[run], default=np.nan))


def _or_dash(form: str) -> Any:
    return lambda value: "–" if pd.isna(value) else form.format(value)
