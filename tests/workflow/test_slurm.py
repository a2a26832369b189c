"""The workflow on a real Slurm cluster: tables as on one machine, whatever happens to jobs, nodes and controller."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from checkouts import ROOT, checkout, snakemake
from plasticity.storage.tables import read_table
from slurm_cluster import SlurmCluster, wait_for, why_not

CONFIG = ("--configfile", "tests/config/tiny.yaml", "tests/config/slurm.yaml")
# What a test cluster has not, accounting, and what tests have not, patience. All else is the profile's.
OVERLAY = ("--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2")
OVERLAY += ("--seconds-between-status-checks", "3")
STUDY = Path("results/warm_start/digits")
METRICS = f"{STUDY}/metrics.parquet"
TABLES = ("metrics", "histories", "correlations")
FINE_TUNED = STUDY / "fine_tune/warm_start/seeds1-1"
RECORDS = STUDY / "fine_tune/warm_start/records/seed1"
CHUNKS = ("epochs1-5", "epochs6-10")  # of the arm warm_start, a job each
TARGET = f"{FINE_TUNED}/{CHUNKS[0]}.parquet"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.slurm,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(why_not() is not None, reason=f"no Slurm cluster can be started: {why_not()}"),
]


class Run:
    """A study that runs on the cluster: `snakemake --profile slurm` in a checkout."""

    def __init__(self, cluster: SlurmCluster, folder: Path, *arguments: str) -> None:
        self.cluster, self.folder = cluster, folder
        self.log = folder / "run.log"
        self.before = {job["JobId"] for job in cluster.jobs()}
        command = [sys.executable, "-m", "snakemake", "--profile", "slurm", *CONFIG, *OVERLAY, *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=cluster.environment, stdout=log, stderr=log, start_new_session=True
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def end(self, *, seconds: float = 400.0) -> str:
        """Wait for the end of a run that succeeds and return its output."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds:g} s: {self.output()[-4000:]}")
        assert status == 0, self.output()[-6000:]
        return self.output()

    def jobs(self) -> list[dict[str, str]]:
        """Return the run's jobs in the order of their submission."""
        return [job for job in self.cluster.jobs() if job["JobId"] not in self.before]

    def first_job(self) -> str:
        """Wait for a first job and return which it is."""
        return wait_for(self.jobs, "a job")[0]["Comment"]

    def in_the_middle(self, chunk: str) -> str:
        """Wait until a fine-tuning job has finished a further checkpoint, not all, and return its number."""
        first, last = map(int, chunk.removeprefix("epochs").split("-"))
        records = [self.folder / RECORDS / f"epoch{epoch:04d}.json" for epoch in range(first, last + 1)]
        before = sum(map(Path.exists, records))
        wait_for(lambda: sum(map(Path.exists, records)) > before, f"a record of {chunk}")
        jobs = [job["JobId"] for job in self.jobs() if chunk in job["Comment"] and job["JobState"] == "RUNNING"]
        assert jobs, f"expected {chunk} to take longer"
        return jobs[0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    with SlurmCluster() as running:
        yield running


@pytest.fixture(scope="module")
def study(cluster: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The study as it runs on the cluster."""
    with Run(cluster, cluster_checkout(tmp_path_factory.mktemp("cluster"))) as run:
        yield run


@pytest.fixture(scope="module")
def local(study: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the study has run without Slurm, while it ran on the cluster as well."""
    folder = cluster_checkout(tmp_path_factory.mktemp("local"))
    snakemake(folder, *(f"{STUDY}/{name}.parquet" for name in TABLES), *CONFIG)
    study.end()
    return folder


@pytest.fixture
def without_fine_tuning(local: Path, tmp_path: Path) -> Path:
    """A copy in which all fine-tuning is to be done."""
    folder = tmp_path / "copy"
    shutil.copytree(local, folder, symlinks=True)
    shutil.rmtree(folder / STUDY / "fine_tune")
    (folder / METRICS).unlink()
    return folder


def cluster_checkout(folder: Path) -> Path:
    shutil.copytree(ROOT / "slurm", checkout(folder) / "slurm")
    return folder


def same_tables(folder: Path, other: Path, *names: str) -> None:
    schemas = {"histories": "history"}
    for name in names:
        schema = schemas.get(name, name)
        found, expected = (read_table(each / STUDY / f"{name}.parquet", schema) for each in (folder, other))
        pd.testing.assert_frame_equal(found, expected)


def minutes(limit: str) -> int:
    """Read Slurm's [days-]hours:minutes:seconds or minutes:seconds."""
    days, _, clock = limit.rpartition("-")
    seconds = 0
    for part in clock.split(":"):
        seconds = 60 * seconds + int(part)
    return 24 * 60 * int(days or 0) + seconds // 60


def test_study_has_the_tables_of_a_local_run(study: Run, local: Path) -> None:
    same_tables(study.folder, local, *TABLES)


@pytest.mark.usefixtures("local")
def test_jobs_ask_for_what_the_profile_says(study: Run) -> None:
    jobs = {job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]: job for job in study.jobs()}
    group = "measure_export_measure_collapse"  # one job, with the GPUs of one
    assert jobs.keys() == {"warm_up", group, "fine_tune", "correlate"}
    assert len(study.jobs()) == len(jobs) + len(CHUNKS)  # of fine_tune, random_init's besides
    assert jobs[group].get("TresPerJob") == "gres:gpu:1"
    for rule in ("warm_up", "fine_tune", "correlate"):
        asked, found = profile(rule), jobs[rule]
        assert found["MinMemoryNode"] in {f"{asked['mem_mb']}M", f"{asked['mem_mb'] / 1024:g}G"}
        assert minutes(found["TimeLimit"]) == asked["runtime"]
        assert (found["Partition"], found["NumCPUs"]) == (asked["slurm_partition"], str(asked["cpus_per_task"]))
        assert found.get("TresPerJob") == (f"gres:gpu:{asked['gpu']}" if asked["gpu"] else None)


def profile(rule: str, *, attempt: int = 1) -> dict[str, Any]:
    """Return what the profile asks for a rule."""
    given = yaml.safe_load((ROOT / "slurm/config.yaml").read_text(encoding="utf-8"))
    asked = given["default-resources"] | given["set-resources"][rule]
    computed = {name: int(asked[name].removeprefix("attempt * ")) * attempt for name in ("mem_mb", "runtime")}
    return asked | computed


def finished_parts_were_kept(folder: Path, chunk: str) -> bool:
    log = folder / f"logs/warm_start/digits/fine_tune/warm_start/seeds1-1/{chunk}.log"
    return "already finished" in log.read_text(encoding="utf-8")


def test_job_that_is_cancelled_and_node_that_dies(
    cluster: SlurmCluster, local: Path, without_fine_tuning: Path
) -> None:
    """scancel is Snakemake's to repair, with a new job; a node's death is Slurm's, with the same one."""
    with Run(cluster, without_fine_tuning, METRICS) as run:
        cancelled = run.in_the_middle(CHUNKS[0])
        cluster.command("scancel", cancelled)
        lost = run.in_the_middle(CHUNKS[1])
        node = cluster.job(lost)["NodeList"]
        for number in cluster.kill_node(node):
            cluster.hasten(number)
        try:
            output = run.end()
        finally:
            cluster.revive_node(node)
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in output
    assert "Trying to restart" in output
    retried = [job for job in run.jobs() if CHUNKS[0] in job["Comment"]][-1]
    asked = profile("fine_tune", attempt=2)
    assert (minutes(retried["TimeLimit"]), retried["JobState"]) == (asked["runtime"], "COMPLETED")
    assert (cluster.job(lost)["Restarts"], cluster.job(lost)["JobState"]) == ("1", "COMPLETED")
    for chunk in CHUNKS:
        assert finished_parts_were_kept(without_fine_tuning, chunk)
    same_tables(without_fine_tuning, local, "metrics")


def test_run_that_is_interrupted_and_job_that_goes_back_to_the_queue(
    cluster: SlurmCluster, local: Path, without_fine_tuning: Path
) -> None:
    """Ctrl-C cancels the jobs; the next run goes on, and in it a job that Slurm starts once more goes on, too."""
    with Run(cluster, without_fine_tuning, TARGET) as run:
        interrupted = run.in_the_middle(CHUNKS[0])
        run.process.send_signal(signal.SIGINT)
        run.process.wait(90)
        wait_for(lambda: cluster.job(interrupted)["JobState"] == "CANCELLED", "a cancelled job")
    with Run(cluster, without_fine_tuning, TARGET) as run:
        number = run.in_the_middle(CHUNKS[0])
        cluster.command("scontrol", "requeue", number)
        cluster.hasten(number)
        run.end()
    assert [(job["JobId"], job["Restarts"]) for job in run.jobs()] == [(number, "1")]
    assert finished_parts_were_kept(without_fine_tuning, CHUNKS[0])
    assert (without_fine_tuning / TARGET).read_bytes() == (local / TARGET).read_bytes()


def test_controller_that_is_away_and_one_that_forgets(
    cluster: SlurmCluster, local: Path, without_fine_tuning: Path
) -> None:
    """Away for a while, it costs nothing; back without its memory, its jobs are tried again instead of waited for."""
    targets = [f"{FINE_TUNED}/{chunk}.parquet" for chunk in CHUNKS]
    with Run(cluster, without_fine_tuning, *targets, "--jobs", "1") as run:
        away, forgotten = CHUNKS if "epochs1-5" in run.first_job() else CHUNKS[::-1]
        run.in_the_middle(away)
        cluster.kill("slurmctld")
        time.sleep(10)  # for some status checks, on a job that meanwhile ends
        cluster.start("slurmctld", "-D")
        number = run.in_the_middle(forgotten)
        assert "Trying to restart" not in run.output()
        cluster.kill("slurmctld")
        cluster.start("slurmctld", "-D", "-c")  # -c: without its saved state
        output = run.end()
    assert f"Slurm has lost job {number}" in output
    assert output.count("Trying to restart") == 1
    assert finished_parts_were_kept(without_fine_tuning, forgotten)
    for target in targets:
        assert (without_fine_tuning / target).read_bytes() == (local / target).read_bytes()


def test_memory_of_a_retry(cluster: SlurmCluster, local: Path, tmp_path: Path) -> None:
    """A job that takes more than it asked for is killed; with what the next attempt asks for, it ends."""
    folder = Path(shutil.copytree(local, tmp_path / "copy", symlinks=True))
    target = f"{STUDY}/correlations.parquet"
    (folder / target).unlink()
    memory = "correlate:mem_mb=60 if attempt == 1 else 2000 * attempt"
    with Run(cluster, folder, target, "--set-resources", memory) as run:
        run.end()
    assert [job["MinMemoryNode"] for job in run.jobs()] == ["60M", "4000M"]
    same_tables(folder, local, "correlations")
