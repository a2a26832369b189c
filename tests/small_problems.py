"""Small images and networks that the tests of training and metrics share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from plasticity.config.whole_run import DataSetSettings
from plasticity.data.dataset import DataSet
from plasticity.data.image_tensors import ImageTensors
from plasticity.data.readers.reader import Reader
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.stages.prepare import prepare
from typed import chosen

MLP = {"name": "mlp", "hidden": [12, 8]}
RESNET = {"name": "resnet18_narrow", "width": 2}
SHAPE = (1, 8, 8)
CLASSES = 4


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int, seed: int = 0, *, shape: Sequence[int] = SHAPE, classes: int = CLASSES) -> tuple:
    """uint8 images (N, H, W, C) that resemble a template per class, and labels in which every class occurs."""
    channels, height, width = shape
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, count - classes)])
    templates = np.random.default_rng(1).integers(0, 256, (classes, height, width, channels))
    noisy = 0.5 * templates[labels] + 0.5 * random.integers(0, 256, (count, height, width, channels))
    return noisy.astype(np.uint8), labels


def image_tensors(count: int, seed: int = 0, *, dtype: torch.dtype = torch.float32, **options: Any) -> ImageTensors:
    """The pictures as the training sees them; `dtype` is the type of normalised images."""
    images, labels = pictures(count, seed, **options)
    channels = (images.shape[-1], 1, 1)
    mean, std = torch.full(channels, 0.5, dtype=dtype), torch.full(channels, 0.25, dtype=dtype)
    return ImageTensors(torch.from_numpy(images), torch.from_numpy(labels), mean, std)


def on_device(images: ImageTensors, device: torch.device) -> ImageTensors:
    pixels, labels, mean, std = (part.to(device) for part in (images.pixels, images.labels, images.mean, images.std))
    return ImageTensors(pixels, labels, mean, std)


def network(settings: dict[str, Any], seed: int = 0, *, shape: Sequence[int] = SHAPE) -> Classifier:
    return build_model(chosen(settings), shape, CLASSES, generator(seed))


def is_buffer(name: str) -> bool:
    """Whether a tensor's name is a batch-norm statistic rather than a trained parameter."""
    return name.rsplit(".", 1)[-1] in {"running_mean", "running_var", "num_batches_tracked"}


def run_in(model: nn.Module, count: int = 64) -> None:
    """Give batch-norm running statistics that are not the initial ones."""
    images = image_tensors(count, seed=99)
    model.train()
    with torch.no_grad():
        for inputs, _ in images.batches(torch.arange(count), 16):
            model(inputs)


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Equal to the bit, name by name."""
    assert one.keys() == other.keys()
    differing = [name for name in one if not torch.equal(one[name], other[name])]
    assert not differing


class Made(Reader):
    """A data set made by a test."""

    data: ClassVar[DataSet]

    def read(self) -> DataSet:
        return self.data


MADE = "small_problems:Made"


def prepared_from(data: DataSet, folder: Path, name: str) -> Path:
    """Prepare a data set that a test has made."""
    Made.data = data
    return prepare(DataSetSettings(name=name, reader=MADE), folder)


def prepared(folder: Path, count: int = 96) -> Path:
    """A prepared data set of the pictures on disk."""
    images, labels = pictures(count)
    data = DataSet(images, labels, images[:20], labels[:20], tuple("abcd"), "made")
    return prepared_from(data, folder, "pictures")
