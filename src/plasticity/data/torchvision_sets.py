"""CIFAR, SVHN and STL-10 through torchvision's own classes, downloaders and checksums.

torchvision unpickles the CIFAR files. It does so only after their published MD5 has been verified.
"""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.data.dataset import DataSet, numbered_classes, one_line
from plasticity.errors import PlasticityError


def read_cifar10(*, root: str = "data", download: bool = True) -> DataSet:
    """Read CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 RGB images of 32x32 pixels, 10 classes.

    Args:
        root: Where torchvision keeps its data.
        download: Let torchvision download what is not under `root`.
    """
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - seconds of start-up, and only for these readers

    return _read_cifar(CIFAR10, root, download=download)


def read_cifar100(*, root: str = "data", download: bool = True) -> DataSet:
    """Read CIFAR-100 with its 100 fine classes; sizes and options as in `read_cifar10`."""
    from torchvision.datasets import CIFAR100  # noqa: PLC0415 - seconds of start-up, and only for these readers

    return _read_cifar(CIFAR100, root, download=download)


def read_svhn(*, root: str = "data", download: bool = True) -> DataSet:
    """Read cropped SVHN (Netzer et al. 2011): 73,257 + 26,032 RGB images of 32x32 pixels, 10 digits."""
    from torchvision.datasets import SVHN  # noqa: PLC0415 - seconds of start-up, and only for these readers

    return _read_by_split(SVHN, root, download=download)


def read_stl10(*, root: str = "data", download: bool = True) -> DataSet:
    """Read the labelled part of STL-10 (Coates et al. 2011): 5,000 + 8,000 RGB images of 96x96 pixels, 10 classes."""
    from torchvision.datasets import STL10  # noqa: PLC0415 - seconds of start-up, and only for these readers

    return _read_by_split(STL10, root, download=download)


def open_torchvision(kind: Any, root: str | Path, **options: Any) -> Any:
    """Construct one of torchvision's data sets, which downloads and verifies its files.

    Raises:
        PlasticityError: If files are missing, cannot be downloaded, or fail their checksum.
    """
    try:
        return kind(str(root), **options)
    except (RuntimeError, OSError, EOFError, ValueError, AssertionError, tarfile.TarError) as error:
        expected = f"the files of {kind.__name__} with their published checksums"
        raise PlasticityError(f"{root}: expected {expected}, got: {one_line(error)}") from None


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
