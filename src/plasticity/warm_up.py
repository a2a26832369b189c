"""Stage: train on the first task, half of the training set, and keep the weights at every checkpoint epoch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from plasticity.checkpoints import trajectory_name
from plasticity.data.store import ImageStore, open_store
from plasticity.files import digest_of
from plasticity.models.registry import build_model
from plasticity.progress import Progress
from plasticity.provenance import provenance
from plasticity.seeding import torch_generator
from plasticity.split import Split, read_split
from plasticity.stopping import stoppable
from plasticity.tables import write_table
from plasticity.training.device import describe_device, place, prepare_device
from plasticity.training.images import train_tensors
from plasticity.training.keeper import Keeper
from plasticity.training.resume import ResumeFile
from plasticity.training.run import Schedule, TrainingRun


@dataclass(frozen=True)
class WarmUpFiles:
    """Where a warm-up reads and writes; the trajectory is a folder with one file per checkpoint epoch."""

    data: Path
    split: Path
    trajectory: Path
    history: Path

    @property
    def unfinished(self) -> Path:
        """Folder of an unfinished training, beside the trajectory."""
        return self.trajectory.with_name(f".{self.trajectory.name}.unfinished")


@stoppable()
def warm_up(files: WarmUpFiles, *, settings: dict[str, Any], seed: int, threads: int, code: str) -> None:
    """Train the network of one seed on its warm-up half.

    A killed training continues from its last saved epoch; the trajectory appears when it is complete.

    Args:
        files: Prepared data, split, and the outputs.
        settings: warm_up (name), model, training, precision, epochs (the checkpoints; 0 is before training).
        seed: The run's seed: first weights and the order of every epoch derive from it.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.
    """
    device = prepare_device(threads)
    store = open_store(files.data)
    split = read_split(files.split, store)
    run = start_run(store, split, settings, seed=seed, device=device)
    inputs = {"settings": settings, "seed": seed, "data": store.digest, "split": split.digest, "code": code}
    resume = ResumeFile(files.unfinished / "state.safetensors", digest_of(inputs))
    keep = Keeper(
        run=run,
        folder=files.unfinished / "trajectory",
        header={**settings, "stage": "warm_up", "seed": seed},
        unit="warm_up_epoch",
        wanted=settings["epochs"],
        name=trajectory_name,
    )
    if not run.restore(resume):
        keep(0)
    schedule = Schedule(epochs=max(settings["epochs"]))
    progress = Progress(f"warm-up {settings['warm_up']}, seed {seed}", schedule.epochs)
    run.train(schedule, resume=resume, progress=progress, on_epoch=keep)
    keep.all_after(len(run.history))  # a training that diverged never reached them; they say so
    _write_history(run, files.history, settings, seed, describe_device(device, run.step.arithmetic))
    resume.path.unlink(missing_ok=True)  # first: a state without its checkpoints could not be continued
    keep.finish(files.trajectory)
    resume.clear()


def start_run(
    store: ImageStore, split: Split, settings: dict[str, Any], *, seed: int, device: torch.device
) -> TrainingRun:
    """Return the run before its first epoch: the seed's network and its half of the images."""
    model = build_model(settings["model"], store.image_shape, store.num_classes, torch_generator(seed, "init"))
    place(model, device)
    indices = torch.from_numpy(np.array(split.warm_up_indices))
    return TrainingRun(
        model=model,
        images=train_tensors(store, device),
        indices=indices.to(device),
        settings=settings["training"],
        seed=seed,
        precision=settings["precision"],
        purpose="warm_up/order",
    )


def _write_history(run: TrainingRun, path: Path, settings: dict[str, Any], seed: int, device: str) -> None:
    rows = pd.DataFrame([vars(record) for record in run.history], columns=["epoch", "loss", "accuracy", "penalty"])
    rows = rows.assign(stage="warm_up", run=settings["warm_up"], seed=seed, warm_up_epoch=0)
    write_table(rows, path, "history", provenance(settings, device))
