"""What the agents of a job act in: a block MDP per seed, and the images that all of them see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from plasticity.config.agent_section import RewardKind
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import ImageStore
from plasticity.stages.task_stores import supply_of
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.tasks.supply import images_of


@dataclass(frozen=True)
class Seen:
    """The processes of some agents, and what their rows stand for: normalised images (M, C, H, W) on the device."""

    processes: list[BlockMdp]
    images: Tensor


def processes_of(
    store: ImageStore, environment: RewardKind, train_size: int | None, seeds: Sequence[int]
) -> list[BlockMdp]:
    """Return the process of each seed; rows are those of the training set, of which a seed has a part of its own.

    Raises:
        PlasticityError: If a seed's images lack a class.
    """
    supply, found = supply_of(store, train_size), []
    for seed in seeds:
        rows, labels = images_of(supply, seed), np.full(len(supply.labels), -1)
        labels[rows] = supply.labels[rows]
        found.append(BlockMdp(labels, store.num_classes, environment, seed))
    return found


def seen_by(processes: Sequence[BlockMdp], store: ImageStore, device: torch.device) -> Seen:
    """Return the processes with the images that any of them shows, and no others, on the device."""
    rows = np.unique(np.concatenate([row for process in processes for row in process.rows]))
    images, _ = train_tensors(store, device).batch(torch.from_numpy(rows))
    return Seen([process.numbered_by(rows) for process in processes], images.contiguous())
