"""A data path without a loader: images stay uint8 on the device and are gathered and normalised there."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.data.store import ImageStore


@dataclass(frozen=True)
class ImageTensors:
    """Images of one set on a device.

    Attributes:
        pixels: uint8 (N, H, W, C): a batch seen as (B, C, H, W) is channels-last without a copy.
        labels: int64 (N,).
        mean: Mean per channel as a fraction of 1, shape (C, 1, 1).
        std: Standard deviation per channel, shape (C, 1, 1).
    """

    pixels: Tensor
    labels: Tensor
    mean: Tensor
    std: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return normalised images (B, C, H, W) in float32, channels-last, and labels (B,)."""
        pixels = self.pixels[indices].permute(0, 3, 1, 2)
        return (pixels.float() / 255.0 - self.mean) / self.std, self.labels[indices]

    def batches(self, indices: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of `indices` in their order: ⌈n / batch_size⌉ batches whose sizes differ by one at most.

        The usual split leaves a short last batch. With batch-norm on 1×1 feature maps a rest of two images has the
        statistics of two numbers, and its one step undoes an epoch; the number of steps stays the usual one.
        """
        for chunk in indices.tensor_split(math.ceil(len(indices) / batch_size)):
            yield self.batch(chunk)


def train_tensors(store: ImageStore, device: torch.device) -> ImageTensors:
    """Put the training images on the device."""
    return _tensors(store, store.train_images, store.train_labels, device)


def test_tensors(store: ImageStore, device: torch.device, size: int | None) -> ImageTensors:
    """Put the first `size` test images on the device; None is all of them."""
    return _tensors(store, store.test_images[:size], store.test_labels[:size], device)


def _tensors(store: ImageStore, images: NDArray, labels: NDArray, device: torch.device) -> ImageTensors:
    channels = (len(store.mean), 1, 1)
    return ImageTensors(
        pixels=torch.from_numpy(np.array(images)).to(device),
        labels=torch.from_numpy(np.array(labels)).to(device),
        mean=torch.tensor(store.mean, dtype=torch.float32, device=device).view(channels),
        std=torch.tensor(store.std, dtype=torch.float32, device=device).view(channels),
    )
