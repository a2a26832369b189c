"""Stage: train for a number of iterations on the first task of the train-test study, keeping weights on the way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from plasticity.config.slices import PreTrainSettings
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, place, prepare_device
from plasticity.jobs.stopping import stoppable
from plasticity.jobs.unfinished import Unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.task_stores import first_task, supply_of
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.checkpoints import iteration_name, seed_folder
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import write_table
from plasticity.tasks.super_classes import draw_parts
from plasticity.training.iterations import IterationRun
from plasticity.training.resume import ResumeFile
from plasticity.training.trajectory_writer import TrajectoryWriter, hand_over


def run(job: Job) -> None:
    """Train the job's seeds on their first task."""
    files = TrainingFiles.of(job)
    pre_train(files, settings=job.slice(PreTrainSettings), seeds=job.seeds, threads=job.threads, code=job.code)


@stoppable()
def pre_train(
    files: TrainingFiles, *, settings: PreTrainSettings, seeds: Sequence[int], threads: int, code: str
) -> None:
    """Train the network of every seed on its first task.

    A killed job continues from the last saved epoch of the seed it was at; the trajectory appears when all are done.
    Besides the checkpoints that are asked for, the network that a training ends with is kept, also where it stops
    early or diverges.

    Args:
        files: Prepared data and the outputs.
        settings: The network, its images, its training and the checkpoints.
        seeds: Seeds of this job: parts, first weights and the order of every epoch derive from each.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.
    """
    device = prepare_device(threads)
    store = open_store(files.data)
    rows: list[dict[str, Any]] = []
    trainings: dict[str, Unfinished] = {}
    for seed in seeds:
        inputs = {"settings": settings.plain(), "seed": seed, "data": store.digest, "code": code}
        resume = ResumeFile(files.unfinished / f"state{seed}" / "state.safetensors", digest_of(inputs))
        trainings[seed_folder(seed)] = resume.work
        run = _start(store, settings, seed, device)
        _train(run, files.unfinished / files.trajectory.name / seed_folder(seed), settings, resume)
        rows += [{"seed": seed, **vars(record)} for record in run.history]
    _write_history(rows, files.history, settings, describe_device(device))
    hand_over(files.unfinished, files.trajectory, trainings)


def _start(store: ImageStore, settings: PreTrainSettings, seed: int, device: torch.device) -> IterationRun:
    parts = draw_parts(supply_of(store), settings.parts, seed=seed)
    task = first_task(store, parts, settings.parts.super_classes)
    model = build_model(settings.model, task.image_shape, task.num_classes, torch_generator(seed, "init"))
    place(model, device)
    return IterationRun(
        model=model,
        images=train_tensors(task, device),
        indices=torch.arange(len(task.train_labels), device=device),
        settings=settings.training,
        seed=seed,
        purpose="pre_train/order",
    )


def _train(run: IterationRun, folder: Path, settings: PreTrainSettings, resume: ResumeFile) -> None:
    header = {**{key: value for key, value in settings.plain().items() if key != "checkpoints"}, "stage": "pre_train"}
    keep = TrajectoryWriter(
        run=run,
        folder=folder,
        header={**header, "seed": run.seed},
        unit="iteration",
        wanted=settings.checkpoints,
        name=iteration_name,
    )
    run.on_iteration = keep
    keep.resume_or_begin(resume)
    run.run(resume=resume, title=f"pre-training {settings.arm}, seed {run.seed}")
    keep.keep(run.iteration)
    run.save(resume)  # the job's next seeds may be killed: this one is not trained again


def _write_history(rows: list[dict[str, Any]], path: Path, settings: PreTrainSettings, device: str) -> None:
    frame = pd.DataFrame(rows, columns=["seed", "epoch", "loss", "accuracy", "penalty"])
    frame = frame.assign(stage="pre_train", run=settings.arm, warm_up_epoch=0)
    write_table(frame, path, "history", provenance(settings.plain(), device))
