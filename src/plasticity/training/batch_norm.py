"""Batch-norm statistics estimated anew for weights that have been changed from outside."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity.data.store import open_store
from plasticity.models.classifier import Classifier
from plasticity.models.registry import build_model
from plasticity.seeding import torch_generator
from plasticity.split import read_split
from plasticity.training.device import place, prepare_device
from plasticity.training.images import ImageTensors, train_tensors
from plasticity.training.weights import load_weights, weights_of

_BATCH = 500


@dataclass(frozen=True)
class Recalibration:
    """A network and the images its statistics are estimated on, shared by all checkpoints of a job."""

    network: Classifier
    images: ImageTensors
    indices: Tensor

    @torch.no_grad()
    def __call__(self, weights: dict[str, NDArray]) -> dict[str, NDArray]:
        """Return the weights with running statistics averaged over one train-mode pass of the warm-up half.

        Args:
            weights: Parameters and buffers by name.
        """
        load_weights(self.network, weights)
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # a cumulative average over all batches
        for inputs, _ in self.images.batches(self.indices, _BATCH):
            self.network(inputs)
        return weights_of(self.network)


def open_recalibration(*, data: Path, split: Path, model: dict[str, Any], threads: int) -> Recalibration:
    """Load what recalibrating needs.

    Args:
        data: Prepared data set.
        split: The seed's split.
        model: The configuration's model section.
        threads: CPU threads.
    """
    device = prepare_device(threads)
    store = open_store(data)
    network = build_model(model, store.image_shape, store.num_classes, torch_generator(0, "recalibrate"))
    place(network, device)
    network.train()
    # np.array: the split's array may be read-only, which torch.from_numpy refuses without a warning
    indices = torch.from_numpy(np.array(read_split(split, store).warm_up_indices)).to(device)
    return Recalibration(network, train_tensors(store, device), indices)
