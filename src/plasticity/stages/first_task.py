"""Stage: train each seed's network on its first task, epoch by epoch, and keep the weights where arms branch off.

A shorter training is a prefix of a longer one, so a seed's first task is trained once for all arms that train it
alike: to the longest length asked for, and until NC1 has fallen below every threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from plasticity.config.slices import FirstTaskSettings
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device
from plasticity.jobs.live_curves import LiveCurves
from plasticity.jobs.logs import logger
from plasticity.jobs.stopping import stoppable
from plasticity.jobs.unfinished import Unfinished
from plasticity.stages.branches import checkpoint_name, epochs_to_keep
from plasticity.stages.learners.device_data import DeviceData, Row, open_device_data
from plasticity.stages.learners.learner import learn_task, update_of
from plasticity.stages.learners.learner_choice import tell_choice
from plasticity.stages.learners.open_learner import open_learner
from plasticity.stages.task_landscape import TaskLandscape, start_of
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.checkpoints import write_checkpoint
from plasticity.storage.files import digest_of, move_folder
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import write_table

_FIRST = 1  # the number of the first task


def run(job: Job) -> None:
    """Train the job's seeds on their first tasks."""
    files = TrainingFiles.of(job)
    first_task(files, settings=job.slice(FirstTaskSettings), seeds=job.seeds, threads=job.threads, code=job.code)


@stoppable()
def first_task(
    files: TrainingFiles, *, settings: FirstTaskSettings, seeds: Sequence[int], threads: int, code: str
) -> None:
    """Train the networks of some seeds on their first tasks; a killed training continues from its last saved epoch.

    Args:
        files: Prepared data and the outputs.
        settings: The network, the tasks, the training and where arms branch off.
        seeds: Seeds that this job carries.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.
    """
    data = open_device_data(files.data, settings, threads)
    inputs = {"settings": settings.plain(), "seeds": list(seeds), "data": data.store.digest, "code": code}
    work = Unfinished(files.unfinished / "state.safetensors", digest_of(inputs))
    tell_choice(settings.training, settings.model, settings.first_task)
    run = FirstTask(data, settings, tuple(seeds), files.unfinished / "trajectory", threads)
    run.landscape.begin(seeds[0], settings.first_task)
    run.restore(work)
    with run.curves, work.saving_when_stopped():
        while run.train_epoch():
            work.save_sometimes(run.learner.tensors(), run.rows)
    columns = [{"seed": seed, **row} for seed, rows in zip(seeds, run.rows, strict=True) for row in rows]
    record = provenance(settings.plain(), describe_device(data.device))
    table = run.landscape.table("first_task")
    write_table(pd.DataFrame(columns, columns=table.names), files.history, table, record)
    work.path.unlink(missing_ok=True)  # first: a state without its checkpoints could not be continued
    move_folder(run.folder, files.trajectory)
    work.clear()


@dataclass
class FirstTask:
    """The first task of several seeds.

    Attributes:
        data: Data of the job.
        settings: As the stage's.
        seeds: One replica of the learner each.
        folder: Where checkpoints go until all are there.
        threads: CPU threads.
        rows: Per seed, a row per epoch.
        curves: Accuracy and NC1 per epoch, for who watches.
    """

    data: DeviceData
    settings: FirstTaskSettings
    seeds: tuple[int, ...]
    folder: Path
    threads: int
    rows: list[list[Row]] = field(default_factory=list)
    curves: LiveCurves = field(default_factory=LiveCurves)

    def __post_init__(self) -> None:
        self._fresh = [self.data.fresh_network(seed, "init") for seed in self.seeds]
        trainings = [self.settings.first_task] * len(self.seeds)
        self.learner = open_learner(self.data, self.seeds, self._fresh, trainings, threads=self.threads)
        self.rows = [[] for _ in self.seeds]
        self.landscape = TaskLandscape(self.data)

    def restore(self, work: Unfinished) -> None:
        """Continue from saved work, if there is any."""
        if saved := work.load():
            self.learner.restore(saved.weights)
            self.rows = saved.settings["state"]
            logger.info("continuing after epoch %d", max(map(len, self.rows)))
        self.folder.mkdir(parents=True, exist_ok=True)

    def train_epoch(self) -> bool:
        """Train one epoch of every seed that is not finished; return whether there was one."""
        active = [replica for replica in range(len(self.seeds)) if not self._finished(replica)]
        if not active:
            return False
        epoch = len(self.rows[active[0]]) + 1
        starts = [self._start(replica) for replica in active]
        training, measured = self.settings.first_task, self._measures(epoch)
        rows = learn_task(self.learner, active, task=_FIRST, epochs=[epoch], training=training, measured=measured)
        for replica, row, start in zip(active, rows, starts, strict=True):
            update = {} if row["diverged"] else update_of(self.learner, replica, self._fresh[replica])
            self.rows[replica].append(row | (start if epoch == 1 else {}) | update | {"epoch": epoch})
            self._keep(replica, epoch)
            self.curves.add(f"seed {self.seeds[replica]}", epoch, accuracy=row["online_accuracy"], nc1=row["nc1"])
        return True

    def _measures(self, epoch: int) -> bool:
        """Say whether networks are measured after an epoch: an arm may end there, or it is its turn."""
        settings = self.settings
        return bool(settings.thresholds) or epoch in settings.epochs or not epoch % settings.measure.first_task_every

    def _start(self, replica: int) -> Row:
        """Return what is measured of the start of the task, which the first epoch has and every one that is kept."""
        if rows := self.rows[replica]:
            return start_of(rows[0])
        return self._around(replica, start=True)

    def _around(self, replica: int, *, start: bool = False) -> Row:
        """Return what is measured of the landscape around a network."""
        network, training = self.learner.checkpoint(replica), self.settings.first_task
        return self.landscape.row(network, self.seeds[replica], _FIRST, training, start=start)

    def _finished(self, replica: int) -> bool:
        rows = self.rows[replica]
        if rows and rows[-1]["diverged"]:
            return True
        longest = max(self.settings.epochs, default=0)
        return len(rows) >= longest and not self._waits_for_threshold(rows)

    def _waits_for_threshold(self, rows: list[Row]) -> bool:
        lowest = min(self.settings.thresholds, default=None)
        if lowest is None or len(rows) >= self.settings.max_epochs:
            return False
        return not any(row["nc1"] < lowest for row in rows)

    def _keep(self, replica: int, epoch: int) -> None:
        rows, seed = self.rows[replica], self.seeds[replica]
        if rows[-1]["diverged"] or epoch not in epochs_to_keep(rows, self.settings):
            return
        rows[-1] |= start_of(rows[0]) | self._around(replica)
        header = {**self.settings.plain(), "stage": "first_task", "seed": seed, "first_task_epochs": epoch}
        write_checkpoint(self.folder / checkpoint_name(seed, epoch), self.learner.checkpoint(replica), header)
        logger.info("seed %d, kept epoch %d, NC1 %.4g", seed, epoch, rows[-1]["nc1"])
