"""Stage: draw the freshly initialised network that a seed's interventions perturb with."""

from pathlib import Path
from typing import Any

from plasticity.checkpoints import write_checkpoint
from plasticity.data.store import open_store
from plasticity.models.registry import build_model
from plasticity.seeding import torch_generator
from plasticity.training.weights import weights_of


def draw_fresh_network(data: Path, output: Path, *, settings: dict[str, Any], seed: int) -> None:
    """Write a fresh network, independent of the seed's initial one.

    One draw serves all checkpoints of a seed, so that what differs between them is the checkpoint and not the noise.

    Args:
        data: Prepared data set, for the shape of its images and the number of classes.
        output: The checkpoint to write.
        settings: model.
        seed: The run's seed.
    """
    store = open_store(data, verify=False)
    model = build_model(settings["model"], store.image_shape, store.num_classes, torch_generator(seed, "fresh"))
    write_checkpoint(output, weights_of(model), {**settings, "stage": "fresh", "seed": seed})
