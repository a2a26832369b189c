"""Images as rows of pixels in [0, 1], kept both dense and without their zeros, which a step need not touch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.errors import PlasticityError

_BLOCK = 8192  # images per conversion, so that no second dense copy of a data set exists


@dataclass(frozen=True)
class Pixels:
    """N images of D pixels and C classes.

    Attributes:
        starts: int64 (N + 1,): the pixels of image i that are not zero stand at starts[i] to starts[i + 1].
        columns: int32, which pixel.
        values: float32, its value.
        labels: int64 (N,), classes 0..C-1; or (R, N), where each of R networks has labels of its own.
        num_pixels: D.
        num_classes: C.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    num_pixels: int
    num_classes: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def labels_of(self, replica: int) -> NDArray[np.int64]:
        """Return the labels that a network learns, (N,)."""
        return self.labels if self.labels.ndim == 1 else self.labels[replica]

    @property
    def density(self) -> float:
        """Fraction of the pixels that are not zero."""
        return len(self.values) / max(len(self) * self.num_pixels, 1)

    def dense(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Return the images at `rows`, all by default, as float32 of shape (n, D)."""
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        counts = np.diff(self.starts)[rows]
        found = np.zeros((len(rows), self.num_pixels), np.float32)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        places = np.repeat(self.starts[rows], counts) + offsets
        found[np.repeat(np.arange(len(rows)), counts), self.columns[places]] = self.values[places]
        return found


def pixels_of_images(images: NDArray[np.uint8], labels: NDArray[np.int64], num_classes: int) -> Pixels:
    """Return images of shape (N, H, W, C) as rows of pixels / 255, in the order in which networks flatten (C, H, W).

    Raises:
        PlasticityError: As `pixels_of_rows`.
    """
    parts = [_scaled(images[first : first + _BLOCK]) for first in range(0, len(images), _BLOCK)]
    return _joined(parts, np.asarray(labels), int(np.prod(images.shape[1:])), num_classes)


def pixels_of_rows(rows: NDArray, labels: NDArray[np.int64], num_classes: int) -> Pixels:
    """Return rows of numbers, shape (N, D), as they are.

    Raises:
        PlasticityError: If the shapes do not fit, a number is not finite or a label is out of range.
    """
    if rows.ndim != 2:
        raise PlasticityError(f"images: expected rows of shape (N, D), got shape {rows.shape}")
    beyond = ~(np.abs(rows) <= np.finfo(np.float32).max)  # NaN as well
    if beyond.any():
        at = np.argwhere(beyond)[0].tolist()
        raise PlasticityError(f"images: expected finite numbers, got {rows[tuple(at)]} at row {at[0]}, pixel {at[1]}")
    return _joined([np.asarray(rows, np.float32)], np.asarray(labels), rows.shape[1], num_classes)


def _scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.moveaxis(np.asarray(images), -1, 1).reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _joined(parts: list[NDArray[np.float32]], labels: NDArray, num_pixels: int, num_classes: int) -> Pixels:
    count = sum(len(part) for part in parts)
    if labels.shape != (count,):
        raise PlasticityError(f"labels: expected shape ({count},), one per image, got {labels.shape}")
    if count and not (labels.min() >= 0 and labels.max() < num_classes):
        wrong = labels[(labels < 0) | (labels >= num_classes)][0]
        raise PlasticityError(f"labels: expected classes 0 to {num_classes - 1}, got {wrong}")
    found = [np.nonzero(part) for part in parts]
    values = [part[where] for part, where in zip(parts, found, strict=True)]
    counts = [np.count_nonzero(part, axis=1) for part in parts]
    return Pixels(
        starts=np.concatenate([[0], np.cumsum(np.concatenate([[], *counts]))]).astype(np.int64),
        columns=np.concatenate([np.zeros(0), *(where[1] for where in found)]).astype(np.int32),
        values=np.concatenate([np.zeros(0, np.float32), *values]).astype(np.float32),
        labels=labels.astype(np.int64),
        num_pixels=num_pixels,
        num_classes=num_classes,
    )
