"""What every reader of image data sets returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DataSet:
    """Labelled images as read from their source, unchecked: `plasticity.stages.prepare` checks them.

    Attributes:
        train_images: Training images, uint8 of shape (N, H, W, C).
        train_labels: Their classes, int64 of shape (N,).
        test_images: Test images, uint8 of shape (M, H, W, C).
        test_labels: Their classes, int64 of shape (M,).
        class_names: Names of the classes 0..len-1.
        source: One line about the origin; the same for the same data.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str


def numbered_classes(labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Name the classes of a source without names by their numbers.

    The distinct labels are counted rather than the largest one trusted, so that a stray label is found out of range.
    """
    return tuple(str(label) for label in range(len(np.unique(labels))))


def one_line(error: BaseException) -> str:
    """Return an error's text in one line, or its type where it has no text."""
    return "; ".join(str(error).split("\n")).strip("; ") or type(error).__name__
