"""Downsampled ImageNet (Chrabaszcz, Loshchilov & Hutter 2017, arXiv 1707.08819) from its released .npz batches.

The files are not ours to download: image-net.org hands them out to those who accept its terms. Their pickled form is
not read, since a pickle can run anything.
"""

import math
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plasticity.config.settings import setting
from plasticity.data.dataset import DataSet, one_line
from plasticity.data.readers.reader import Reader
from plasticity.errors import PlasticityError

_CLASSES = "map_clsloc.txt"
Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


class ImageNet32(Reader, name="imagenet32"):
    """ImageNet in 32x32 pixels (16x16 and 64x64 have the same form): batches of rows (N, 3·side·side), labels from 1.

    Continual ImageNet (Dohare et al. 2024) is `train_per_class: 600, test_per_class: 100`.
    """

    root: str = setting(
        "Folder of train_data_batch_1.npz and so on, val_data.npz and, for names, map_clsloc.txt.",
        unit="path",
        min_length=1,
    )
    train_per_class: int | None = setting(
        "Training images per class, the first ones; if absent, all.", unit="images", default=None, ge=1
    )
    test_per_class: int | None = setting(
        "Test images per class, the next ones in the training files; if absent, all of val_data.npz.",
        unit="images",
        default=None,
        ge=1,
    )

    def read(self) -> DataSet:
        """Read up to 1,281,167 + 50,000 RGB images, 1000 classes.

        Raises:
            PlasticityError: If a file is missing, damaged or of another form, or a class has too few images.
        """
        folder, tested = Path(self.root), self.test_per_class or 0
        train = _parts(_numbered(folder), (self.train_per_class, tested))
        test = train[1] if tested else _parts([folder / "val_data.npz"], (None, 0))[0]
        images, labels = train[0]
        source = f"downsampled ImageNet, released .npz batches, {images.shape[1]}x{images.shape[2]} pixels"
        return DataSet(images, labels, *test, _names(folder, len(np.unique(labels))), source)


def _parts(files: Sequence[Path], sizes: tuple[int | None, int]) -> list[Batch]:
    """Return the images of files in parts of so many of each class, one part after the other; None is all.

    Only what is kept of a file stays in memory.

    Raises:
        PlasticityError: If a class has too few.
    """
    first, second = sizes
    seen: NDArray[np.int64] = np.zeros(0, np.int64)
    kept: list[list[Batch]] = [[], []]
    for images, labels in (_read(path) for path in files):
        seen = np.pad(seen, (0, max(int(labels.max()) + 1 - len(seen), 0)))
        place = seen[labels] + _place_in_class(labels)
        seen = seen + np.bincount(labels, minlength=len(seen))
        limit = len(labels) + int(seen.max()) if first is None else first
        for part, chosen in enumerate((place < limit, (place >= limit) & (place < limit + second))):
            kept[part].append((images[chosen], labels[chosen]))
    wanted = (first or 0) + second
    if (fewest := int(seen.min())) < wanted or (first is None and second):
        expected = f"{wanted} images of every class" if first else "train_per_class beside test_per_class"
        raise PlasticityError(f"{files[0].parent}: expected {expected}, got {fewest if first else 'none'}")
    return [_joined(part) for part in kept]


def _place_in_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many images of its class come before each image."""
    order = np.argsort(labels, kind="stable")
    starts = np.cumsum(np.bincount(labels)) - np.bincount(labels)
    found = np.empty_like(labels)
    found[order] = np.arange(len(labels)) - starts[labels[order]]
    return found


def _joined(batches: Sequence[Batch]) -> Batch:
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return images, labels


def _numbered(folder: Path) -> list[Path]:
    """Return the training batches in the order of their numbers.

    Raises:
        PlasticityError: If there is none.
    """
    found = sorted(folder.glob("train_data_batch_*.npz"), key=lambda path: (len(path.name), path.name))
    if not found:
        raise PlasticityError(f"{folder}: expected train_data_batch_1.npz and following, got none")
    return found


def _read(path: Path) -> Batch:
    """Return the images (N, side, side, 3) and labels from 0 of a batch.

    Raises:
        PlasticityError: If it is missing, damaged or of another form.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            rows, labels = content["data"], np.asarray(content["labels"]).ravel().astype(np.int64) - 1
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a released batch, got no file") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise PlasticityError(f"{path}: expected arrays data and labels, got: {one_line(error)}") from None
    side = math.isqrt(rows.shape[-1] // 3) if rows.ndim == 2 else 0
    if rows.dtype != np.uint8 or not side or rows.shape != (len(labels), 3 * side**2) or labels.min(initial=0) < 0:
        got = f"{rows.dtype} of shape {rows.shape} and {len(labels)} labels"
        raise PlasticityError(f"{path}: expected uint8 rows of 3 x side x side pixels, labels from 1, got {got}")
    return np.ascontiguousarray(rows.reshape(-1, 3, side, side).transpose(0, 2, 3, 1)), labels


def _names(folder: Path, classes: int) -> tuple[str, ...]:
    """Return the classes' names from lines such as "n02119789 1 kit_fox", or their numbers."""
    named = {int(number): name for _, number, name in _lines(folder / _CLASSES)}
    return tuple(named.get(label + 1, str(label)) for label in range(classes))


def _lines(path: Path) -> Iterator[list[str]]:
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            if len(parts := line.split(maxsplit=2)) == 3 and parts[1].isdigit():
                yield parts
