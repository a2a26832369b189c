"""Stage: carry networks from the end of their first task through the tasks that follow, one after another."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from plasticity.config.slices import FollowingSettings
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device
from plasticity.jobs.live_curves import LiveCurves
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import stoppable
from plasticity.jobs.unfinished import Unfinished
from plasticity.stages.begun_task import BegunTask, begun_tasks, rows_of_begun, tensors_of_begun
from plasticity.stages.branches import Run, checkpoint_name, runs_of
from plasticity.stages.learners.device_data import DeviceData, Row, open_device_data
from plasticity.stages.learners.learner import row_of, update_of
from plasticity.stages.learners.learner_choice import tell_choice
from plasticity.stages.learners.open_learner import open_learner
from plasticity.stages.task_landscape import TaskLandscape
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, rows_of_seed, write_table
from plasticity.training.interventions.intervention import Intervention
from plasticity.training.interventions.reset_head import ResetHead
from plasticity.training.online.stack import Network

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
    """Train all arms of an experiment for some seeds; a killed training continues from its last finished task or epoch.

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
        for run in runs_of(settings.arms, seed, {name: rows_of_seed(table, seed) for name, table in histories.items()})
    ]
    for run in runs:
        tell_choice(", ".join(run.arms), settings.model, run.settings.following)
    starts = [read_checkpoint(files.start(run)) for run in runs]
    inputs = {"settings": settings.plain(), "starts": [start.digest for start in starts], "code": code}
    work = Unfinished(files.state, digest_of({**inputs, "data": data.store.digest}))
    task_run = TaskRun(data, tuple(runs), [start.weights for start in starts])
    with task_run.curves:
        task_run.train(work, threads=threads, name=settings.experiment)
    table = _table(task_run, settings.experiment)
    record = provenance(settings.plain(), describe_device(data.device))
    write_table(table, files.output, task_run.landscape.table("following_tasks"), record)
    work.clear()


@dataclass
class TaskRun:
    """Networks on their way through the tasks.

    Attributes:
        data: Data of the job.
        runs: One replica of the learner each.
        starts: Their tensors after the first task, those of its optimizer included.
        rows: Per run, a row per task, from the second on.
        begun: Per run, the task that it has begun and not ended.
        curves: Accuracy and NC1 per task, for who watches.
    """

    data: DeviceData
    runs: tuple[Run, ...]
    starts: list[Network]
    rows: list[list[Row]] = field(default_factory=list)
    begun: list[BegunTask] = field(default_factory=list)
    curves: LiveCurves = field(default_factory=LiveCurves)

    def __post_init__(self) -> None:
        self.landscape = TaskLandscape(self.data)

    def train(self, work: Unfinished, *, threads: int, name: str) -> None:
        """Train on every task that is left."""
        self.rows, self.begun = [[] for _ in self.runs], [BegunTask() for _ in self.runs]
        if not self.runs:
            return
        self.landscape.begin(self.runs[0].seed, self.runs[0].settings.following)
        seeds, trainings = [run.seed for run in self.runs], [run.settings.following for run in self.runs]
        self.learner = open_learner(self.data, seeds, self.starts, trainings, threads=threads)
        self.work, first = work, 1
        if saved := work.load():
            self.rows, begun, first = (saved.settings["state"][key] for key in ("rows", "begun", "following"))
            self.begun, tensors = begun_tasks(begun, saved.weights)
            self.learner.restore(tensors)
        progress = Progress(name, max(run.tasks for run in self.runs), unit="task")
        for following in range(first, progress.epochs + 1):
            start, groups = time.monotonic(), self._groups(following)
            for group in groups:
                self._learn(group, following)
            self._save(following + 1)
            learnt = [replica for group in groups for replica in group]
            self._show(progress, following, learnt, time.monotonic() - start)

    def _save(self, following: int) -> None:
        """Save everything, with the number of the following task that goes on."""
        state = {"rows": self.rows, "begun": rows_of_begun(self.begun), "following": following}
        self.work.save(self.learner.tensors() | tensors_of_begun(self.begun), state)

    def _show(self, progress: Progress, following: int, replicas: list[int], seconds: float) -> None:
        rows = [self.rows[replica][-1] for replica in replicas if not self.rows[replica][-1]["diverged"]]
        images = sum(len(self.data.task(self.runs[replica].seed, following + 1).images) for replica in replicas)
        accuracy = sum(row["online_accuracy"] for row in rows) / len(rows) if rows else float("nan")
        progress.show(following, accuracy, images / seconds)

    def _groups(self, following: int) -> list[list[int]]:
        """Return the replicas that learn this task and have not yet, those that train alike together."""
        groups: dict[str, list[int]] = {}
        for replica, run in enumerate(self.runs):
            rows = self.rows[replica]
            if len(rows) < following <= run.tasks and not (rows and rows[-1]["diverged"]):
                groups.setdefault(run.settings.following.canonical(), []).append(replica)
        return list(groups.values())

    def _learn(self, group: list[int], following: int) -> None:
        """Intervene where the runs say so, train on the task and measure."""
        task, training = following + 1, self.runs[group[0]].settings.following
        trained = len(self.begun[group[0]].epochs)  # all of a group are trained for an epoch before any state is saved
        for replica in group if not trained else ():
            self._intervene(replica, task)
            self.begun[replica] = BegunTask([], self._around(replica, task, start=True), self._parameters(replica))
        for epoch in range(trained + 1, training.epochs + 1):
            found = self.learner.train_epoch(group, task=task, epoch=epoch, training=training)
            for replica, accuracy in zip(group, found.tolist(), strict=True):
                self.begun[replica].epochs.append(accuracy)
            if self.work.due:
                self._save(following)
        for replica in group:
            begun, self.begun[replica] = self.begun[replica], BegunTask()
            row = row_of(self.learner, replica, task, begun.epochs) | begun.landscape
            if not row["diverged"]:
                row |= update_of(self.learner, replica, begun.parameters) | self._around(replica, task)
            self.rows[replica].append(row | {"task": task})
            title = f"{', '.join(self.runs[replica].arms)}, seed {self.runs[replica].seed}"
            self.curves.add(title, task, accuracy=row["online_accuracy"], nc1=row["nc1"])

    def _parameters(self, replica: int) -> Network:
        """Return copies of a network's parameters."""
        tensors = self.learner.checkpoint(replica)
        return {name: tensors[name].copy() for name in self.data.parameters}

    def _around(self, replica: int, task: int, *, start: bool = False) -> Row:
        """Return what is measured of the landscape around a network."""
        run, network = self.runs[replica], self.learner.checkpoint(replica)
        return self.landscape.row(network, run.seed, task, run.settings.following, start=start)

    def _intervene(self, replica: int, task: int) -> None:
        """Do to a run's network what is done to it before a task; then it gets the task's output layer."""
        settings = self.runs[replica].settings
        chosen, every = settings.intervention, settings.intervene_after == "every_task"
        if chosen is not None and (every or task == _SECOND):
            self.learner.intervene(replica, chosen.make(Intervention), task)
        if self.data.sequence.head_of_task != "keep":
            self.learner.intervene(replica, ResetHead(), task)


def _table(task_run: TaskRun, experiment: str) -> pd.DataFrame:
    """Return the rows of every arm; arms that are one run have the same numbers."""
    rows = [
        {**row, "experiment": experiment, "arm": arm, "seed": run.seed, "first_task_epochs": run.epoch}
        for run, found in zip(task_run.runs, task_run.rows, strict=True)
        for arm, tasks in run.arms.items()
        for row in found
        if row["task"] <= tasks + 1
    ]
    return pd.DataFrame(rows, columns=task_run.landscape.table("following_tasks").names).sort_values(
        ["arm", "seed", "task"], ignore_index=True
    )
