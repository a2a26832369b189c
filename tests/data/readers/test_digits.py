import numpy as np
from sklearn.datasets import load_digits

from plasticity.data.readers.digits import Digits


def test_split_is_complete_stratified_and_fixed() -> None:
    data = Digits().read()
    assert (len(data.train_labels), len(data.test_labels)) == (1347, 450)
    _, labels = load_digits(return_X_y=True)
    whole = np.bincount(labels)
    test = np.bincount(data.test_labels)
    np.testing.assert_array_equal(np.bincount(data.train_labels) + test, whole)
    assert np.abs(test - whole / 4).max() <= 0.5
    again = Digits().read()
    np.testing.assert_array_equal(data.test_images, again.test_images)
    assert data.test_labels[:12].tolist() == again.test_labels[:12].tolist()


def test_every_image_is_in_one_part_with_its_own_label() -> None:
    data = Digits().read()
    pixels, labels = load_digits(return_X_y=True)
    whole = sorted(zip(map(tuple, np.rint(pixels * 255 / 16).astype(int)), labels, strict=True))
    images = np.concatenate([data.train_images, data.test_images]).reshape(1797, 64).astype(int)
    parts = sorted(zip(map(tuple, images), np.concatenate([data.train_labels, data.test_labels]), strict=True))
    assert parts == whole


def test_the_full_scale_is_used() -> None:
    images = Digits().read().train_images
    assert images.dtype == np.uint8
    assert images.shape[1:] == (8, 8, 1)
    assert set(np.unique(images)) <= {round(255 * step / 16) for step in range(17)}
    assert (images.min(), images.max()) == (0, 255)
