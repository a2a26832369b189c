"""Stage: train on the first task, half of the training set, and keep the weights at every checkpoint epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from plasticity.config.slices import WarmUpSettings
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, prepare_device
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import stoppable
from plasticity.jobs.unfinished import Unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.draw_split import read_split, split_digest
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.checkpoints import seed_folder, trajectory_name
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import write_table
from plasticity.storage.weights import weights_of
from plasticity.tasks.halves import Split
from plasticity.training.open_run import open_run
from plasticity.training.resume import ResumeFile
from plasticity.training.run import Schedule, TrainingRun
from plasticity.training.trajectory_writer import TrajectoryWriter, hand_over


@dataclass(frozen=True)
class WarmUpFiles(TrainingFiles):
    """The same with the splits by seed."""

    splits: Mapping[int, Path]


def run(job: Job) -> None:
    """Train the warm-ups of the job's seeds."""
    files = WarmUpFiles.of(job, splits=job.by_seed("splits"))
    warm_up(files, settings=job.slice(WarmUpSettings), threads=job.threads, code=job.code)


@stoppable()
def warm_up(files: WarmUpFiles, *, settings: WarmUpSettings, threads: int, code: str) -> None:
    """Train the network of every seed on its warm-up half.

    A killed job continues from the last saved epoch of the seed it was at; the trajectory appears when all are done.

    Args:
        files: Prepared data, splits by seed, and the outputs. First weights and the order of every epoch derive from
            the seed.
        settings: The network, its training and the checkpoints.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.
    """
    device = prepare_device(threads)
    store = open_store(files.data)
    splits = {seed: read_split(path, store) for seed, path in files.splits.items()}
    run = open_run(store, settings, device, purpose="warm_up/order")
    rows: list[dict[str, Any]] = []
    trainings: dict[str, Unfinished] = {}
    for seed, split in splits.items():
        inputs = {
            "settings": settings.plain(),
            "seed": seed,
            "data": store.digest,
            "split": split_digest(split),
            "code": code,
        }
        resume = ResumeFile(files.unfinished / f"state{seed}" / "state.safetensors", digest_of(inputs))
        trainings[seed_folder(seed)] = resume.work
        begin(run, store, split, settings, seed=seed)
        _train(run, files.unfinished / files.trajectory.name / seed_folder(seed), settings, resume)
        rows += [{"seed": seed, **vars(record)} for record in run.history]
    _write_history(rows, files.history, settings, describe_device(device, run.step.arithmetic))
    hand_over(files.unfinished, files.trajectory, trainings)


def begin(run: TrainingRun, store: ImageStore, split: Split, settings: WarmUpSettings, *, seed: int) -> None:
    """Put the run before its first epoch: the seed's network and its half of the images."""
    initial = build_model(settings.model, store.image_shape, store.num_classes, torch_generator(seed, "init"))
    run.begin_task(seed, torch.from_numpy(np.array(split.warm_up_indices)).to(run.indices.device))
    run.restart(weights_of(initial))


def _train(run: TrainingRun, folder: Path, settings: WarmUpSettings, resume: ResumeFile) -> None:
    keep = TrajectoryWriter(
        run=run,
        folder=folder,
        header={**settings.plain(), "stage": "warm_up", "seed": run.seed},
        unit="warm_up_epoch",
        wanted=settings.epochs,
        name=trajectory_name,
    )
    keep.resume_or_begin(resume)
    schedule = Schedule(epochs=max(settings.epochs))
    progress = Progress(f"warm-up {settings.warm_up}, seed {run.seed}", schedule.epochs)
    run.train(schedule, resume=resume, progress=progress, on_epoch=keep)
    keep.all_after(len(run.history))  # a training that diverged never reached them; they say so
    run.save(resume)  # the job's next seeds may be killed: this one is not trained again


def _write_history(rows: list[dict[str, Any]], path: Path, settings: WarmUpSettings, device: str) -> None:
    frame = pd.DataFrame(rows, columns=["seed", "epoch", "loss", "accuracy", "penalty"])
    frame = frame.assign(stage="warm_up", run=settings.warm_up, warm_up_epoch=0)
    write_table(frame, path, "history", provenance(settings.plain(), device))
