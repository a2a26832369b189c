"""Stage: train on the next task of the train-test study from every checkpoint, with one learning rate of its grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray

from plasticity.config.slices import TransferSettings
from plasticity.data.image_tensors import ImageTensors, test_tensors, train_tensors
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, place, prepare_device
from plasticity.jobs.stopping import stoppable
from plasticity.stages.next_network import body_of, fresh_network, next_network
from plasticity.stages.task_stores import next_task, supply_of
from plasticity.storage.checkpoints import Checkpoint, all_finite, iterations_in, read_checkpoint, seed_folder
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.records import devices_of, usable_record, write_record
from plasticity.storage.tables import write_table
from plasticity.storage.weights import weights_of
from plasticity.tasks.super_classes import Parts, draw_parts
from plasticity.training.epoch import accuracy
from plasticity.training.iterations import IterationRun
from plasticity.training.resume import ResumeFile

_MISSING = dict.fromkeys(("train_loss", "train_accuracy", "validation_accuracy", "test_accuracy"))


@dataclass(frozen=True)
class TransferFiles:
    """Where a job reads and writes; `records` is the folder that keeps each finished training."""

    data: Path
    trajectory: Path
    output: Path
    records: Path


@dataclass(frozen=True)
class NextTask:
    """The next task of one seed: its resident data and a fresh network of as many classes, whose head is used.

    `first` is the body that the first task began with.
    """

    store: ImageStore
    train: ImageTensors
    validation: ImageTensors
    test: ImageTensors
    fresh: dict[str, NDArray]
    first: dict[str, NDArray]
    digest: str

    def start(self, checkpoint: Checkpoint, settings: TransferSettings, seed: int) -> IterationRun:
        """Return the run from a checkpoint: its body, and the fresh network's head, which all checkpoints share."""
        model = next_network(settings.model, self.store, seed, checkpoint.weights)
        device = self.train.labels.device
        place(model, device)
        return IterationRun(
            model=model,
            images=self.train,
            indices=torch.arange(len(self.train), device=device),
            settings=settings.training,
            seed=seed,
            purpose="next_task/order",
            initial={**self.fresh, **self.first},
        )


def run(job: Job) -> None:
    """Train the job's seeds on the next task with one learning rate; finished trainings are kept beside the table."""
    output = job.output["outcomes"]
    files = TransferFiles(
        data=job.input["data"],
        trajectory=job.input["trajectory"],
        output=output,
        records=output.with_suffix(""),
    )
    transfer(files, settings=job.slice(TransferSettings), seeds=job.seeds, threads=job.threads, code=job.code)


@stoppable()
def transfer(
    files: TransferFiles, *, settings: TransferSettings, seeds: Sequence[int], threads: int, code: str
) -> None:
    """Train the whole network on the next task from each checkpoint of each seed; write what it reaches.

    Args:
        files: Inputs and outputs.
        settings: The network, its images, and its training with the job's learning rate.
        seeds: Seeds of the job; the order of every epoch derives from each, equal for checkpoints and learning rates.
        threads: CPU threads.
        code: Fingerprint of the stage; finished records of other code are not reused.
    """
    device = prepare_device(threads)
    store = open_store(files.data)
    where, rows, records = describe_device(device), [], []
    for seed in seeds:
        checkpoints = iterations_in(files.trajectory / seed_folder(seed))
        task = _load(store, settings, seed, device, first=read_checkpoint(next(iter(checkpoints.values()))))
        for iteration, path in checkpoints.items():
            base = files.records / f"seed{seed}_iteration{iteration:07d}"
            given = settings, seed, where
            records.append(_record(task, read_checkpoint(path), *given, base=base, code=code))
            rows.append({"seed": seed, "iteration": iteration, **records[-1]["outcome"]})
    same = {"experiment": settings.experiment, "arm": settings.arm}
    frame = pd.DataFrame(rows).assign(**same, learning_rate=settings.training.learning_rate)
    write_table(frame, files.output, "next_task", provenance(settings.plain(), devices_of(records)))


def _load(
    store: ImageStore, settings: TransferSettings, seed: int, device: torch.device, *, first: Checkpoint
) -> NextTask:
    parts = draw_parts(supply_of(store), settings.parts, seed=seed)
    groups = settings.parts.super_classes or ()
    task, held_out = (next_task(store, parts, groups, validation=validation) for validation in (False, True))
    return NextTask(
        store=task,
        train=train_tensors(task, device),
        validation=test_tensors(held_out, device, None),
        test=test_tensors(task, device, None),
        fresh=weights_of(fresh_network(settings.model, task, seed)),
        first=body_of(first.weights),
        digest=digest_of([store.digest, _digest(parts)]),
    )


def _record(
    task: NextTask, checkpoint: Checkpoint, settings: TransferSettings, seed: int, device: str, *, base: Path, code: str
) -> dict[str, Any]:
    """Return the finished record, computing it only if it is not there yet."""
    inputs = {"settings": settings.plain(), "data": task.digest, "checkpoint": checkpoint.digest, "code": code}
    digest, path = digest_of({**inputs, "seed": seed}), base.with_suffix(".json")
    if (record := usable_record(path, digest)) is not None:
        return record
    resume = ResumeFile(base.with_name(f".{base.name}.unfinished") / "state.safetensors", digest)
    outcome = {**_MISSING, "diverged": True}
    if all_finite(checkpoint.weights):
        run = task.start(checkpoint, settings, seed)
        run.restore(resume)
        run.run(resume=resume, title=f"{settings.arm}, seed {seed}, next task from {base.name}")
        if not run.diverged and all_finite(weights_of(run.model)):  # the last step may overflow after a finite loss
            outcome = {"train_loss": run.history[-1].loss, **_accuracies(run, task), "diverged": False}
    record = {"outcome": outcome, "history": [], "device": device}
    write_record(path, record, digest)
    resume.work.clear()
    return record


def _accuracies(run: IterationRun, task: NextTask) -> dict[str, float]:
    sets = {"train": task.train, "validation": task.validation, "test": task.test}
    return {f"{name}_accuracy": accuracy(run.model, images) for name, images in sets.items()}


def _digest(parts: Parts) -> str:
    """Return SHA-256 of all rows of a seed's parts."""
    return digest_of({name: rows.tolist() for name, rows in vars(parts).items()})
