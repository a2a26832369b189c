"""Batch-norm statistics estimated anew for weights that have been changed from outside."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from plasticity.data.store import open_store
from plasticity.models.registry import build_model
from plasticity.seeding import torch_generator
from plasticity.split import read_split
from plasticity.training.device import place, prepare_device
from plasticity.training.images import train_tensors
from plasticity.training.weights import load_weights, weights_of

_BATCH = 500


@torch.no_grad()
def recalibrate(
    weights: dict[str, NDArray], *, data: Path, split: Path, model: dict[str, Any], threads: int
) -> dict[str, NDArray]:
    """Return the weights with running statistics averaged over one train-mode pass of the warm-up half.

    Args:
        weights: Parameters and buffers by name.
        data: Prepared data set.
        split: The seed's split.
        model: The configuration's model section.
        threads: CPU threads.
    """
    device = prepare_device(threads)
    store = open_store(data)
    network = build_model(model, store.image_shape, store.num_classes, torch_generator(0, "recalibrate"))
    load_weights(network, weights)
    place(network, device)
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a cumulative average over all batches
    images = train_tensors(store, device)
    # np.array: the split's array may be read-only, which torch.from_numpy refuses without a warning
    indices = torch.from_numpy(np.array(read_split(split, store).warm_up_indices)).to(device)
    for inputs, _ in images.batches(indices, _BATCH):
        network(inputs)
    return weights_of(network)
