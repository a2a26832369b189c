"""Batch-norm statistics estimated anew for weights that have been changed from outside."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from plasticity.config.component import Chosen
from plasticity.data.image_tensors import ImageTensors, train_tensors
from plasticity.data.store import ImageStore
from plasticity.jobs.device import place
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.weights import load_weights, weights_of

_BATCH = 500


@dataclass(frozen=True)
class Recalibration:
    """A network and the images its statistics are estimated on, shared by all checkpoints of a job."""

    network: Classifier
    images: ImageTensors

    @torch.no_grad()
    def __call__(self, weights: Mapping[str, NDArray], indices: NDArray) -> dict[str, NDArray]:
        """Return the weights with running statistics averaged over one train-mode pass of some images.

        Args:
            weights: Parameters and buffers by name.
            indices: The images (n,), int64; those of the seed's warm-up half.
        """
        load_weights(self.network, weights)
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # a cumulative average over all batches
        # np.array: the split's array may be read-only, which torch.from_numpy refuses without a warning
        rows = torch.from_numpy(np.array(indices)).to(self.images.device)
        for inputs, _ in self.images.batches(rows, _BATCH):
            self.network(inputs)
        return weights_of(self.network)


def normalises_batches(network: nn.Module) -> bool:
    """Say whether a network has statistics to estimate."""
    return any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def open_recalibration(store: ImageStore, model: Chosen, device: torch.device) -> Recalibration | None:
    """Load what recalibrating needs; None for a network without batch normalisation.

    Args:
        store: Prepared data set.
        model: The network.
        device: Where the images pass through the network.
    """
    network = build_model(model, store.image_shape, store.num_classes, torch_generator(0, "recalibrate"))
    if not normalises_batches(network):
        return None
    place(network, device)
    network.train()
    return Recalibration(network, train_tensors(store, device))
