from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plasticity.errors import PlasticityError
from typed import read

SIDE, CLASSES = 4, 3


def _batch(path: Path, seed: int, labels: list[int]) -> np.ndarray:
    """Write a batch as it is released, labels from 1; return its images (N, side, side, 3)."""
    rows = np.random.default_rng(seed).integers(0, 256, (len(labels), 3 * SIDE * SIDE), dtype=np.uint8)
    np.savez(path, data=rows, labels=np.array(labels), mean=rows.mean(0))
    return np.stack([np.stack([row[c * 16 : (c + 1) * 16].reshape(SIDE, SIDE) for c in range(3)], -1) for row in rows])


@pytest.fixture
def released(tmp_path: Path) -> dict[str, np.ndarray]:
    """Eleven training batches, so that the order of their numbers is not that of their names; a class each at least."""
    found = {"val": _batch(tmp_path / "val_data.npz", 99, [3, 1, 2, 2])}
    for number in range(1, 12):
        found[str(number)] = _batch(tmp_path / f"train_data_batch_{number}.npz", number, [1 + number % 3, 1, 2, 3])
    return found


def _read(folder: Path, **settings: Any) -> Any:
    return read({"reader": "imagenet32", "root": str(folder), **settings})


def test_batches_are_joined_in_the_order_of_their_numbers(tmp_path: Path, released: dict[str, np.ndarray]) -> None:
    (tmp_path / "map_clsloc.txt").write_text("n01 2 grey fox\nn02 1 kit_fox\n", encoding="utf-8")
    data = _read(tmp_path)
    np.testing.assert_array_equal(data.train_images, np.concatenate([released[str(n)] for n in range(1, 12)]))
    assert data.train_labels[:8].tolist() == [1, 0, 1, 2, 2, 0, 1, 2]
    np.testing.assert_array_equal(data.test_images, released["val"])
    assert data.test_labels.tolist() == [2, 0, 1, 1]
    assert data.class_names == ("kit_fox", "grey fox", "2")
    assert data.source == "downsampled ImageNet, released .npz batches, 4x4 pixels"


def test_parts_of_each_class_are_the_first_images_and_those_after_them(
    tmp_path: Path, released: dict[str, np.ndarray]
) -> None:
    every, data = _read(tmp_path), _read(tmp_path, train_per_class=5, test_per_class=2)
    for label in range(CLASSES):
        of_class = every.train_images[every.train_labels == label]
        np.testing.assert_array_equal(data.train_images[data.train_labels == label], of_class[:5])
        np.testing.assert_array_equal(data.test_images[data.test_labels == label], of_class[5:7])
    assert (len(data.train_labels), len(data.test_labels)) == (15, 6)


@pytest.mark.parametrize(
    ("settings", "damage", "expected"),
    [
        ({"train_per_class": 14, "test_per_class": 2}, "", "expected 16 images of every class, got 14"),
        ({"test_per_class": 2}, "", "expected train_per_class beside test_per_class, got none"),
        ({}, "cut", "val_data.npz: expected arrays data and labels, got: "),
        ({}, "gone", "val_data.npz: expected a released batch, got no file"),
        ({}, "objects", "val_data.npz: expected arrays data and labels, got: Object arrays cannot be loaded"),
        ({}, "form", r"val_data.npz: expected uint8 rows of 3 x side x side pixels, .* got uint8 of shape \(2, 7\)"),
        ({}, "empty", "expected train_data_batch_1.npz and following, got none"),
    ],
)
def test_what_is_no_released_batch_is_one_line(
    tmp_path: Path, released: dict[str, np.ndarray], settings: dict[str, int], damage: str, expected: str
) -> None:
    file = tmp_path / "val_data.npz"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    elif damage == "gone":
        file.unlink()
    elif damage == "objects":
        np.savez(file, data=np.array([print], dtype=object), labels=np.array([1]))
    elif damage == "form":
        np.savez(file, data=np.zeros((2, 7), np.uint8), labels=np.array([1, 2]))
    elif damage == "empty":
        for path in tmp_path.glob("train*"):
            path.unlink()
    with pytest.raises(PlasticityError, match=expected) as caught:
        _read(tmp_path, **settings)
    assert "\n" not in str(caught.value)
