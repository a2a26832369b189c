"""The handwritten digits that scikit-learn carries: 1,797 grayscale images of 8x8 pixels, no download."""

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from plasticity.data.dataset import DataSet
from plasticity.data.readers.reader import Reader
from plasticity.seeding import numpy_generator

_TEST_FRACTION = 0.25
_LARGEST = 16  # the digits count the inked pixels of 4x4 blocks: 0..16


class Digits(Reader, name="digits"):
    """scikit-learn's 1,797 handwritten digits, 8×8 pixels; embedded, no download."""

    def read(self) -> DataSet:
        """Read the digits, with a fixed split: of every class a random quarter is for test.

        The set has no official split. This one depends on nothing but this function; both parts keep the original
        order.
        """
        pixels, labels = load_digits(return_X_y=True)
        labels = np.asarray(labels, dtype=np.int64)
        images = np.rint(np.asarray(pixels) * (255 / _LARGEST)).astype(np.uint8).reshape(-1, 8, 8, 1)
        test = _stratified(labels)
        return DataSet(
            train_images=images[~test],
            train_labels=labels[~test],
            test_images=images[test],
            test_labels=labels[test],
            class_names=tuple("0123456789"),
            source="scikit-learn load_digits (UCI handwritten digits), a quarter of each class for test",
        )


def _stratified(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    generator = numpy_generator(0, "digits/test")
    test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        test[rows[: round(_TEST_FRACTION * len(rows))]] = True
    return test
