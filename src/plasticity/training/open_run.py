"""A training run on a prepared data set that serves one training after another."""

import torch

from plasticity.config.slices import FineTuneSettings, WarmUpSettings
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import ImageStore
from plasticity.jobs.device import place
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.training.run import TrainingRun


def open_run(
    store: ImageStore, settings: WarmUpSettings | FineTuneSettings, device: torch.device, *, purpose: str
) -> TrainingRun:
    """Return a run whose seed, images and weights are to come, by `begin_task` and `restart`.

    Args:
        store: The data set; its training images become resident, once for all trainings of the job.
        settings: The network and how it is trained.
        device: Where it trains.
        purpose: Names the stream of epoch orders, such as "warm_up/order".
    """
    model = build_model(settings.model, store.image_shape, store.num_classes, torch_generator(0, "init"))
    place(model, device)
    return TrainingRun(
        model=model,
        images=train_tensors(store, device),
        indices=torch.empty(0, dtype=torch.int64, device=device),
        settings=settings.training,
        seed=0,
        purpose=purpose,
        precision=settings.precision,
    )
