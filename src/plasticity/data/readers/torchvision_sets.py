"""CIFAR, SVHN and STL-10 through torchvision's own classes, downloaders and checksums.

torchvision unpickles the CIFAR files. It does so only after their published MD5 has been verified.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torchvision import datasets

from plasticity.data.dataset import DataSet, numbered_classes
from plasticity.data.readers.downloaded import Downloaded, open_torchvision


class CIFAR10(Downloaded, name="cifar10"):
    """CIFAR-10 (Krizhevsky 2009)."""

    def read(self) -> DataSet:
        """Read 50,000 + 10,000 RGB images of 32x32 pixels, 10 classes."""
        return _read_cifar(datasets.CIFAR10, self.root, download=self.download)


class CIFAR100(Downloaded, name="cifar100"):
    """CIFAR-100 with its fine classes (Krizhevsky 2009)."""

    def read(self) -> DataSet:
        """Read 50,000 + 10,000 RGB images of 32x32 pixels, 100 classes."""
        return _read_cifar(datasets.CIFAR100, self.root, download=self.download)


class SVHN(Downloaded, name="svhn"):
    """Cropped SVHN (Netzer et al. 2011)."""

    def read(self) -> DataSet:
        """Read 73,257 + 26,032 RGB images of 32x32 pixels, 10 digits."""
        return _read_by_split(datasets.SVHN, self.root, download=self.download)


class STL10(Downloaded, name="stl10"):
    """The labelled part of STL-10 (Coates et al. 2011)."""

    def read(self) -> DataSet:
        """Read 5,000 + 8,000 RGB images of 96x96 pixels, 10 classes."""
        return _read_by_split(datasets.STL10, self.root, download=self.download)


def _read_cifar(kind: Any, root: str, *, download: bool) -> DataSet:
    train = open_torchvision(kind, root, train=True, download=download)
    test = open_torchvision(kind, root, train=False, download=False)
    return DataSet(
        train_images=np.ascontiguousarray(train.data),
        train_labels=np.asarray(train.targets, dtype=np.int64),
        test_images=np.ascontiguousarray(test.data),
        test_labels=np.asarray(test.targets, dtype=np.int64),
        class_names=tuple(train.classes),
        source=_source(kind),
    )


def _read_by_split(kind: Any, root: str, *, download: bool) -> DataSet:
    train = open_torchvision(kind, root, split="train", download=download)
    test = open_torchvision(kind, root, split="test", download=download)
    train_labels = np.asarray(train.labels, dtype=np.int64)
    return DataSet(
        train_images=_channels_last(train.data),
        train_labels=train_labels,
        test_images=_channels_last(test.data),
        test_labels=np.asarray(test.labels, dtype=np.int64),
        class_names=tuple(getattr(train, "classes", ())) or numbered_classes(train_labels),
        source=_source(kind),
    )


def _channels_last(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def _source(kind: type) -> str:
    return f"torchvision.datasets.{kind.__name__}, published files, MD5 verified"
