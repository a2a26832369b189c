"""The prepared data set on disk: four memory-mapped arrays and the dataset.json that describes and seals them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError
from plasticity.storage.files import digest_of, read_json, sha256_of

ARRAYS = {"train_images": "uint8", "train_labels": "int64", "test_images": "uint8", "test_labels": "int64"}
DESCRIPTION = "dataset.json"
_KEYS = ("name", "reader", "source", "class_names", "arrays", "counts", "mean", "std", "normalisation", "digest")


@dataclass(frozen=True)
class ImageStore:
    """A prepared data set; the arrays are read-only memory maps.

    Attributes:
        name: Name of the data set in the configuration.
        train_images: uint8 of shape (N, H, W, C), 0..255.
        train_labels: int64 of shape (N,), classes 0..num_classes-1.
        test_images: uint8 of shape (M, H, W, C), in a fixed random order: any first part mixes the classes.
        test_labels: int64 of shape (M,).
        mean: Channel means to normalise with, fractions of the full scale 255.
        std: Channel standard deviations to normalise with, fractions of the full scale 255.
        class_names: Names of the classes 0..num_classes-1.
        digest: SHA-256 that identifies content and description together.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    class_names: tuple[str, ...]
    digest: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of one image as networks take it."""
        _, height, width, channels = self.train_images.shape
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """Number of classes C."""
        return len(self.class_names)


def open_store(path: str | Path, *, verify: bool = True) -> ImageStore:
    """Open a prepared data set without reading its images into memory.

    Args:
        path: The folder that `plasticity.stages.prepare` wrote, or its dataset.json.
        verify: Also compare the SHA-256 of every array with dataset.json. Shapes and types are always compared.

    Raises:
        PlasticityError: If a file is missing, truncated, altered, or not what dataset.json describes.
    """
    path = Path(path)
    folder = path.parent if path.name == DESCRIPTION else path
    described = _read_description(folder / DESCRIPTION)
    arrays = {name: _open_array(folder, name, described["arrays"][name], verify=verify) for name in ARRAYS}
    return ImageStore(
        name=described["name"],
        **arrays,
        mean=tuple(described["mean"]),
        std=tuple(described["std"]),
        class_names=tuple(described["class_names"]),
        digest=described["digest"],
    )


def sealed(description: dict[str, Any]) -> dict[str, Any]:
    """Return a description with its digest, which covers the arrays through their SHA-256."""
    return {**description, "digest": digest_of(description)}


def _read_description(path: Path) -> dict[str, Any]:
    described = read_json(path)
    if not isinstance(described, dict) or sorted(described) != sorted(_KEYS):
        raise PlasticityError(f"{path}: expected the description of a prepared data set, got other content")
    content = {key: value for key, value in described.items() if key != "digest"}
    if described["digest"] != digest_of(content):
        raise PlasticityError(f"{path}: expected content of digest {described['digest']}, got {digest_of(content)}")
    return described


def _open_array(folder: Path, name: str, described: dict[str, Any], *, verify: bool) -> NDArray[Any]:
    path = folder / f"{name}.npy"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a prepared array, got no file") from None
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise PlasticityError(f"{path}: expected a prepared array, got a damaged file ({first})") from None
    expected = (described["dtype"], tuple(described["shape"]))
    got = (str(array.dtype), array.shape)
    if got != expected:
        raise PlasticityError(f"{path}: expected {expected[0]} of shape {expected[1]}, got {got[0]} of shape {got[1]}")
    if verify and (digest := sha256_of(path)) != described["sha256"]:
        raise PlasticityError(f"{path}: expected SHA-256 {described['sha256']}, got {digest}: the file was altered")
    return array


def class_counts(labels: NDArray[np.integer], class_names: Sequence[str], part: str) -> list[int]:
    """Return how many images of each class a part of a data set has.

    Args:
        labels: Labels of the part (n,).
        class_names: Names of the classes.
        part: What the part is called, and of which seed it is.

    Raises:
        PlasticityError: If it has none of some class, whose mean and collapse would be those of nothing.
    """
    counts = np.bincount(labels, minlength=len(class_names)).tolist()
    if 0 in counts:
        absent = class_names[counts.index(0)]
        raise PlasticityError(f"{part}: expected images of every class, got none of class {absent!r}")
    return counts
