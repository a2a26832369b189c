"""Stage: carry networks from the end of their first task through the tasks that follow, each a new permutation."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from plasticity.config.slices import FollowingSettings
from plasticity.config.training_section import Optimisation
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import stoppable
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table
from plasticity.storage.unfinished import Unfinished
from plasticity.training.bound_optimiser import optimiser_of
from plasticity.training.interventions.intervention import Intervention, intervened
from plasticity.training.online.branches import Run, checkpoint_name, rows_of, runs_of
from plasticity.training.online.device_data import DeviceData, Row, open_device_data, reads_initial, tell_path
from plasticity.training.online.replicas import keep_initial, parts_of, put_optimizer, put_state, state_of
from plasticity.training.online.stack import Network, Stack, stack_of
from plasticity.training.online.visit import visit_task

_SECOND = 2  # the number of the first task that follows


@dataclass(frozen=True)
class FollowingFiles:
    """Where the stage reads and writes; trajectories and histories are by the name of the first task's training."""

    data: Path
    trajectories: Mapping[str, Path]
    histories: Mapping[str, Path]
    output: Path

    def start(self, run: Run) -> Path:
        """Return the checkpoint that a run starts from."""
        return self.trajectories[run.first_task] / checkpoint_name(run.seed, run.epoch)

    @property
    def state(self) -> Path:
        """File of the unfinished work, beside the output."""
        return self.output.with_name(f".{self.output.stem}.unfinished") / "state.safetensors"


def run(job: Job) -> None:
    """Train an experiment's arms on the following tasks, for the job's seeds."""
    names = job.params["first_tasks"]
    files = FollowingFiles(
        data=job.input["data"],
        trajectories=dict(zip(names, job.input.all("trajectories"), strict=True)),
        histories=dict(zip(names, job.input.all("histories"), strict=True)),
        output=job.output["tasks"],
    )
    following_tasks(files, settings=job.slice(FollowingSettings), seeds=job.seeds, threads=job.threads, code=job.code)


@stoppable()
def following_tasks(
    files: FollowingFiles, *, settings: FollowingSettings, seeds: Sequence[int], threads: int, code: str
) -> None:
    """Train all arms of an experiment for some seeds; a killed training continues from its last finished task.

    Args:
        files: Prepared data, the first task's checkpoints and history, and the "following_tasks" table to write.
        settings: The network, the tasks, and the arms.
        seeds: Seeds that this job carries.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.
    """
    data = open_device_data(files.data, settings, threads)
    histories = {name: read_table(path, "first_task") for name, path in files.histories.items()}
    runs = [
        run
        for seed in seeds
        for run in runs_of(settings.arms, seed, {name: rows_of(table, seed) for name, table in histories.items()})
    ]
    for run in runs:
        tell_path(", ".join(run.arms), run.settings.following)
    starts = [read_checkpoint(files.start(run)) for run in runs]
    inputs = {"settings": settings.plain(), "starts": [start.digest for start in starts], "code": code}
    work = Unfinished(files.state, digest_of({**inputs, "data": data.store.digest}))
    task_run = TaskRun(data, tuple(runs), [start.weights for start in starts])
    task_run.train(work, threads=threads, name=settings.experiment)
    table = _table(task_run, settings.experiment)
    record = provenance(settings.plain(), describe_device(data.device))
    write_table(table, files.output, data.table("following_tasks"), record)
    work.clear()


@dataclass
class TaskRun:
    """Networks on their way through the tasks.

    Attributes:
        data: Data of the job.
        runs: One replica of the stack each.
        starts: Their tensors after the first task, those of its optimizer included.
        rows: Per run, a row per task, from the second on.
    """

    data: DeviceData
    runs: tuple[Run, ...]
    starts: list[Network]
    rows: list[list[Row]] = field(default_factory=list)

    def train(self, work: Unfinished, *, threads: int, name: str) -> None:
        """Train on every task that is left."""
        self.rows = [[] for _ in self.runs]
        if not self.runs:
            return
        self.stack = self._first_stack()
        if saved := work.load():
            self.stack.restore(saved.weights)
            self.rows = saved.settings["state"]
        progress = Progress(name, max(run.tasks for run in self.runs), unit="task")
        for following in range(max(map(len, self.rows)) + 1, progress.epochs + 1):
            start, groups = time.monotonic(), self._groups(following)
            for group in groups:
                self._learn(group, following + 1, threads)
            work.save(self.stack.tensors(), self.rows)
            self._show(
                progress, following, [replica for group in groups for replica in group], time.monotonic() - start
            )

    def _first_stack(self) -> Stack:
        """Return the networks after the first task, with what the optimizer of the following tasks goes on with."""
        parts = [parts_of(start) for start in self.starts]
        stack = stack_of([network for network, _ in parts])
        for replica, (run, (_, optimizer)) in enumerate(zip(self.runs, parts, strict=True)):
            if _fits(optimizer, run.settings.following):
                put_optimizer(stack, replica, optimizer)
        if any(reads_initial(run.settings.following) for run in self.runs):
            keep_initial(stack, [self.data.fresh_network(run.seed, "init") for run in self.runs])
        return stack

    def _show(self, progress: Progress, following: int, replicas: list[int], seconds: float) -> None:
        rows = [self.rows[replica][-1] for replica in replicas if not self.rows[replica][-1]["diverged"]]
        images = sum(len(self.data.task(self.runs[replica].seed, following + 1).images) for replica in replicas)
        accuracy = sum(row["online_accuracy"] for row in rows) / len(rows) if rows else float("nan")
        progress.show(following, accuracy, images / seconds)

    def _groups(self, following: int) -> list[list[int]]:
        """Return the replicas that learn this task, those that train alike together."""
        groups: dict[str, list[int]] = {}
        for replica, run in enumerate(self.runs):
            rows = self.rows[replica]
            if following <= run.tasks and not (rows and rows[-1]["diverged"]):
                groups.setdefault(run.settings.following.canonical(), []).append(replica)
        return list(groups.values())

    def _learn(self, group: list[int], task: int, threads: int) -> None:
        """Intervene where the runs say so, train on the task and measure."""
        part = self.stack.take(group)
        for place, replica in enumerate(group):
            self._intervene(part, place, self.runs[replica], task)
        training = self.runs[group[0]].settings.following
        rows = visit_task(
            self.data,
            part,
            [self.runs[replica].seed for replica in group],
            task=task,
            epochs=range(1, training.epochs + 1),
            training=training,
            threads=threads,
        )
        self.stack.put(group, part)
        for replica, row in zip(group, rows, strict=True):
            self.rows[replica].append(row | {"task": task})

    def _intervene(self, part: Stack, place: int, run: Run, task: int) -> None:
        """Do to a run's network what is done to it before a task."""
        chosen, every = run.settings.intervention, run.settings.intervene_after == "every_task"
        if chosen is None or not (every or task == _SECOND):
            return
        before = state_of(part, place, self.data.fresh_network(run.seed, "fresh", task))
        put_state(part, place, intervened(chosen.make(Intervention), before))


def _fits(optimizer: Mapping[str, Network], training: Optimisation) -> bool:
    """Say whether an optimizer's state after the first task is one that the following tasks' optimizer continues."""
    slots = {slot for kept in optimizer.values() for slot in kept}
    return bool(slots) and slots == set(optimiser_of(training.optimizer).slots(training.momentum))


def _table(task_run: TaskRun, experiment: str) -> pd.DataFrame:
    """Return the rows of every arm; arms that are one run have the same numbers."""
    rows = [
        {**row, "experiment": experiment, "arm": arm, "seed": run.seed, "first_task_epochs": run.epoch}
        for run, found in zip(task_run.runs, task_run.rows, strict=True)
        for arm, tasks in run.arms.items()
        for row in found
        if row["task"] <= tasks + 1
    ]
    return pd.DataFrame(rows, columns=task_run.data.table("following_tasks").names).sort_values(
        ["arm", "seed", "task"], ignore_index=True
    )
