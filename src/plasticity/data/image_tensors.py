"""A data path without a loader: images stay uint8 on the device and are gathered and normalised there."""

import logging
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.data.store import ImageStore

logger = logging.getLogger(__name__)

_SHARE = 0.5  # of the free memory that images may take; the rest is for weights and what a batch leaves on its way


@dataclass(frozen=True)
class ImageTensors:
    """Images of one set on a device, or streamed to it from their file.

    Attributes:
        pixels: uint8 (N, H, W, C): a batch seen as (B, C, H, W) is channels-last without a copy.
        labels: int64 (N,), where the pixels are.
        mean: Mean per channel as a fraction of 1, float32 (C, 1, 1), on the device; float64 for oracles.
        std: Standard deviation per channel, shape (C, 1, 1), on the device.
        resident: The pixels are in the device's memory; otherwise in a memory-mapped file, of which a batch is read.
    """

    pixels: Tensor
    labels: Tensor
    mean: Tensor
    std: Tensor
    resident: bool = True

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        return self.mean.device

    def at_hand(self, indices: Tensor) -> Tensor:
        """Return indices where the pixels are: moved at once, since each batch's own move would wait for the device."""
        return indices.to(self.pixels.device)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return normalised images (B, C, H, W) in the type of the mean, channels-last, and labels (B,)."""
        rows = self.at_hand(indices)
        pixels, labels = self._moved(self.pixels[rows]), self._moved(self.labels[rows])
        mean, std = self._of_an_image
        return pixels.to(mean.dtype).div_(255.0).sub_(mean).div_(std).permute(0, 3, 1, 2), labels

    @cached_property
    def _of_an_image(self) -> tuple[Tensor, Tensor]:
        """Return mean and std as (H, W, C): in this form a CPU takes less time for images of several channels."""
        shape = self.pixels.shape[1:]
        with torch.inference_mode(False):  # kept for trainings too, whoever asks first
            return self.mean.view(-1).expand(shape).contiguous(), self.std.view(-1).expand(shape).contiguous()

    def batches(self, indices: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of `indices` in their order, as `even_batches` cuts them."""
        for rows in even_batches(self.at_hand(indices), batch_size):
            yield self.batch(rows)

    def _moved(self, part: Tensor) -> Tensor:
        if part.device == self.device:
            return part
        return part.pin_memory().to(self.device, non_blocking=True)  # while the device still computes


def even_batches(indices: Tensor, batch_size: int) -> tuple[Tensor, ...]:
    """Cut indices into ⌈n / batch_size⌉ batches whose sizes differ by one at most.

    The usual split leaves a short last batch. With batch-norm on 1×1 feature maps a rest of two images has the
    statistics of two numbers, and its one step undoes an epoch; the number of steps stays the usual one.
    """
    return indices.tensor_split(number_of_batches(len(indices), batch_size))


def number_of_batches(images: int, batch_size: int) -> int:
    """Return ⌈images / batch_size⌉, the usual number of steps of an epoch.

    Pairs out of an odd number of images would leave one alone, of which batch-norm has no statistics: of them the first
    batch has three, and there is one batch less.
    """
    number = math.ceil(images / batch_size)
    return min(number, images // 2) if batch_size > 1 and images > 1 else number


def train_tensors(store: ImageStore, device: torch.device) -> ImageTensors:
    """Put the training images on the device, or stream them if they are too large for it."""
    return _tensors(store, store.train_images, store.train_labels, device)


def test_tensors(store: ImageStore, device: torch.device, size: int | None) -> ImageTensors:
    """Put the first `size` test images on the device; None is all of them."""
    return _tensors(store, store.test_images[:size], store.test_labels[:size], device)


def free_memory(device: torch.device) -> int:
    """Return the bytes that are free on the device, or in this machine's memory; a huge number where nothing says."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 2**62
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), 2**62)


def _tensors(store: ImageStore, images: NDArray, labels: NDArray, device: torch.device) -> ImageTensors:
    channels = (len(store.mean), 1, 1)
    resident = images.nbytes <= _SHARE * free_memory(device)
    where = device if resident else torch.device("cpu")
    if not resident:
        logger.info("streaming %.1f GB of images from their file: memory is short", images.nbytes / 1e9)
    return ImageTensors(
        pixels=torch.from_numpy(np.array(images)).to(where) if resident else _mapped(images),
        labels=torch.from_numpy(np.array(labels)).to(where),
        mean=torch.tensor(store.mean, dtype=torch.float32, device=device).view(channels),
        std=torch.tensor(store.std, dtype=torch.float32, device=device).view(channels),
        resident=resident,
    )


def _mapped(images: NDArray) -> Tensor:
    """Return the memory map itself as a tensor: a batch reads its pages, which the system may drop again."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes to it
        return torch.from_numpy(np.asarray(images))
