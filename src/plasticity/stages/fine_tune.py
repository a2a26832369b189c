"""Stage: train on the next task, the full training set, from every checkpoint that one job carries."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.config.slices import FineTuneSettings
from plasticity.data.image_tensors import ImageTensors, test_tensors
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, prepare_device
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import stoppable
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.draw_split import read_split, split_digest
from plasticity.storage.checkpoints import Checkpoint, all_finite, by_seed, read_checkpoint, seed_folder
from plasticity.storage.files import digest_of
from plasticity.storage.manifests import checkpoints_beside
from plasticity.storage.provenance import provenance
from plasticity.storage.records import devices_of, usable_record, write_record
from plasticity.storage.tables import write_table
from plasticity.storage.weights import weights_of
from plasticity.training.epoch import accuracy
from plasticity.training.open_run import open_run
from plasticity.training.resume import ResumeFile
from plasticity.training.run import Schedule, TrainingRun

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FineTuneFiles:
    """Where a job reads and writes.

    Attributes:
        checkpoints: Starting points by seed and warm-up epoch.
        data: Prepared data set.
        splits: By seed.
        output: The "fine_tune" table of the job.
        history: The "history" table of the job.
        records: Folder that keeps each finished fine-tuning in a folder per seed, so that a job that dies, or one that
            is cut into other jobs, loses none.
    """

    checkpoints: Mapping[tuple[int, int], Path]
    data: Path
    splits: Mapping[int, Path]
    output: Path
    history: Path
    records: Path


@dataclass(frozen=True)
class FullTask:
    """What all fine-tunings of one job share.

    Attributes:
        store: The prepared data set.
        test: Test images.
        run: The training, which each checkpoint begins anew.
    """

    store: ImageStore
    test: ImageTensors
    run: TrainingRun

    def initial(self, model: Chosen, seed: int) -> dict[str, NDArray] | None:
        """Return the weights that a seed's warm-ups began with, if the training reads them."""
        if not self.run.reads_initial:
            return None
        generator = torch_generator(seed, "init")
        return weights_of(build_model(model, self.store.image_shape, self.store.num_classes, generator))


def run(job: Job) -> None:
    """Fine-tune from the checkpoints of the job's seeds; finished ones are kept in a folder of the arm."""
    output = job.output["outcomes"]
    files = FineTuneFiles(
        checkpoints=checkpoints_beside(job.input["manifest"], job.params["starts"]),
        data=job.input["data"],
        splits=job.by_seed("splits"),
        output=output,
        history=job.output["history"],
        records=output.parents[1] / "records",
    )
    fine_tune(files, settings=job.slice(FineTuneSettings), threads=job.threads, code=job.code)


@stoppable()
def fine_tune(files: FineTuneFiles, *, settings: FineTuneSettings, threads: int, code: str) -> None:
    """Fine-tune from each checkpoint until the stop accuracy or the cap of epochs; write outcomes and histories.

    Args:
        files: Inputs and outputs.
        settings: The network, its training and when that ends, the test images.
        threads: CPU threads.
        code: Fingerprint of the stage; finished records of other code are not reused.
    """
    device = prepare_device(threads)
    task = _load_task(files.data, settings, device)
    where, records = describe_device(device, task.run.step.arithmetic), []
    for seed, checkpoints in by_seed(files.checkpoints).items():
        split = read_split(files.splits[seed], task.store)
        rows = torch.from_numpy(np.array(split.full_indices)).to(device)
        task.run.begin_task(seed, rows, task.initial(settings.model, seed))
        inputs = {
            "settings": {key: value for key, value in settings.plain().items() if key != "arm"},
            "seed": seed,
            "data": task.store.digest,
            "split": split_digest(split),
            "code": code,
        }
        for epoch, path in checkpoints.items():
            checkpoint = read_checkpoint(path)
            base = files.records / seed_folder(seed) / f"epoch{epoch:04d}"
            digest = digest_of({**inputs, "checkpoint": checkpoint.digest})
            one = FineTuning(base, digest, f"{settings.arm}, seed {seed}, from {epoch}", where)
            records.append({"seed": seed, "warm_up_epoch": epoch, **one.run(task, checkpoint, settings)})
    _write_tables(records, files, settings)


@dataclass(frozen=True)
class FineTuning:
    """One fine-tuning of several in a process.

    Attributes:
        base: Path without ending: the record is `base`.json, unfinished work is beside it.
        digest: Digest of everything that determines the result.
        title: What progress calls it.
        device: What computes it, if it is not finished.
    """

    base: Path
    digest: str
    title: str
    device: str

    def run(self, task: FullTask, checkpoint: Checkpoint, settings: FineTuneSettings) -> dict[str, Any]:
        """Return the finished record, computing it only if it is not there yet."""
        record_path = self.base.with_suffix(".json")
        if (record := usable_record(record_path, self.digest)) is not None:
            logger.info("%s: already finished", self.title)
            return record
        resume = ResumeFile(self.base.with_name(f".{self.base.name}.unfinished") / "state.safetensors", self.digest)
        if all_finite(checkpoint.weights):
            record = _train_and_test(task, checkpoint, settings, resume, self.title)
        else:
            record = {"outcome": _missing_outcome(diverged=True), "history": []}
        record["device"] = self.device
        write_record(record_path, record, self.digest)
        resume.work.clear()
        return record


def _load_task(data: Path, settings: FineTuneSettings, device: torch.device) -> FullTask:
    """Return the task with a network whose weights, images and seed are to come."""
    store = open_store(data)
    run = open_run(store, settings, device, purpose="fine_tune/order")
    return FullTask(store, test_tensors(store, device, settings.test_size), run)


def _train_and_test(
    task: FullTask, checkpoint: Checkpoint, settings: FineTuneSettings, resume: ResumeFile, title: str
) -> dict[str, Any]:
    run = task.run
    run.restart(checkpoint.weights)
    run.restore(resume)
    schedule = Schedule(settings.max_epochs, settings.stop_accuracy)
    run.train(schedule, resume=resume, progress=Progress(title, schedule.epochs))
    history = [asdict(record) for record in run.history]
    if run.diverged or not all_finite(weights_of(run.model)):  # the last step may overflow after a finite loss
        return {"outcome": {**_missing_outcome(diverged=True), "fine_tune_epochs": len(history)}, "history": []}
    outcome = {
        "full_train_accuracy": run.history[-1].accuracy,
        "full_test_accuracy": accuracy(run.model, task.test),
        "fine_tune_epochs": len(history),
        "converged": run.converged(schedule),
        "diverged": False,
    }
    return {"outcome": outcome, "history": history}


def _missing_outcome(*, diverged: bool) -> dict[str, Any]:
    missing = dict.fromkeys(("full_train_accuracy", "full_test_accuracy"))
    return {**missing, "fine_tune_epochs": 0, "converged": False, "diverged": diverged}


def _write_tables(records: list[dict[str, Any]], files: FineTuneFiles, settings: FineTuneSettings) -> None:
    record, arm = provenance(settings.plain(), devices_of(records)), settings.arm
    starts = [{"seed": found["seed"], "warm_up_epoch": found["warm_up_epoch"]} for found in records]
    outcomes = [{**start, **found["outcome"]} for start, found in zip(starts, records, strict=True)]
    write_table(pd.DataFrame(outcomes).assign(arm=arm), files.output, "fine_tune", record)
    epochs = [{**start, **epoch} for start, found in zip(starts, records, strict=True) for epoch in found["history"]]
    rows = pd.DataFrame(epochs, columns=["seed", "warm_up_epoch", "epoch", "loss", "accuracy", "penalty"])
    rows = rows.assign(stage="fine_tune", run=arm)
    write_table(rows, files.history, "history", record)
