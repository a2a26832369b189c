"""Stage: resources of every job, from Snakemake's benchmark files and the jobs' own records, in one table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.jobs.logs import logger
from plasticity.jobs.usage import ENDING
from plasticity.report.benchmark_columns import BENCHMARKS
from plasticity.report.benchmark_summaries import by_run, by_stage
from plasticity.report.figures.description import describe
from plasticity.report.figures.resources import draw
from plasticity.report.figures.style import Style, save
from plasticity.report.html_tables import write_html
from plasticity.storage.files import read_json
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import write_table

_STAGES_NOTE = (
    "Sums over all jobs with results, each as last run. Start-up is the time until a job's own work begins: Python, "
    "packages, the stage's code. Memory is that of the stage's largest job."
)
_RUNS_NOTE = (
    "A run is one call of Snakemake. Slots: the largest number of jobs that ran at once; slots times duration is the "
    "available time. Rest: Snakemake itself, the launch of jobs before Python starts, and idle slots. Jobs repeated by "
    "a later run count there."
)


def run(job: Job) -> None:
    """Collect what the jobs of all studies took, from the folders beside that of the job's outputs and log."""
    results, logs, dataset = job.output["jobs"].parents[2], job.log.parents[1], job.params["dataset"]
    folders = {"data": (results / "data" / dataset, logs / dataset)}
    folders |= {study: (results / study / dataset, logs / study / dataset) for study in job.params["studies"]}
    collect_benchmarks(
        {study: {"benchmarks": f"{made / 'benchmarks'}", "logs": f"{log}"} for study, (made, log) in folders.items()},
        job.output.each(),
    )


def collect_benchmarks(folders: Mapping[str, Mapping[str, str]], outputs: Mapping[str, Path]) -> None:
    """Write the table "benchmarks", two pages and a figure.

    Args:
        folders: Study -> the folders of its `benchmarks` and its `logs`.
        outputs: Where the table "jobs", the pages "stages" and "runs", and the figure "svg", "png" and "pdf" go.

    Raises:
        PlasticityError: If a benchmark file is damaged, or there is none at all.
    """
    jobs, table = read_jobs(folders), outputs["jobs"]
    write_table(jobs, table, "benchmarks", provenance({}))
    write_html(by_stage(jobs), outputs["stages"], title="resources by stage", note=_STAGES_NOTE)
    write_html(by_run(jobs), outputs["runs"], title="resources by run", note=_RUNS_NOTE)
    style = Style()
    with style.context():
        figure = draw(jobs, style)
        save(figure, outputs["svg"], outputs["png"], describe(figure, "resources"), outputs["pdf"])


def read_jobs(folders: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Return a row per job, ordered by study, stage and job.

    Raises:
        PlasticityError: If a benchmark file is damaged, or there is none at all.
    """
    rows = [
        _job(study, path.relative_to(folder["benchmarks"]).with_suffix(""), path, Path(folder["logs"]))
        for study, folder in folders.items()
        for path in sorted(Path(folder["benchmarks"]).rglob("*.tsv"))
    ]
    if not rows:
        raise PlasticityError(f"{list(folders)}: expected benchmark files of finished jobs, got none")
    return pd.DataFrame(rows, columns=BENCHMARKS.names).astype(dict.fromkeys(BENCHMARKS.of_kind("float"), "float64"))


def _job(study: str, name: Path, benchmark: Path, logs: Path) -> dict[str, Any]:
    stage, *wildcards = name.parts
    usage = _usage(logs / name.with_suffix(ENDING))
    started, ready = usage.get("started"), usage.get("ready")
    return {
        **{key: usage.get(key) for key in BENCHMARKS.names},
        **_seen_by_snakemake(benchmark, usage),
        **{"study": study, "stage": stage, "job": "/".join(wildcards)},
        "start_up_seconds": ready - started if started and ready else None,
    }


def _seen_by_snakemake(path: Path, usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return wall time and, where the job wrote no record, the CPU time and memory that Snakemake sampled.

    Raises:
        PlasticityError: If the file is damaged.
    """
    try:
        (row,) = pd.read_csv(path, sep="\t", na_values=["-", "NA"]).to_dict("records")
        seen = {"wall_seconds": float(row["s"])}
        sampled = {"cpu_seconds": float(row["cpu_time"]), "peak_memory_mib": float(row["max_rss"])}
    except (ValueError, KeyError) as error:
        raise PlasticityError(f"{path}: expected a benchmark file of Snakemake, got another ({error})") from None
    return seen | {key: usage.get(key, value) for key, value in sampled.items()}


def _usage(path: Path) -> dict[str, Any]:
    """Return a job's own record; without one, as in the results of earlier versions, nothing."""
    try:
        return read_json(path)
    except PlasticityError as error:
        logger.info("%s", error)
        return {}
