import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from plasticity.config.whole_run import DataSetSettings
from plasticity.data.dataset import DataSet
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.stages.prepare import channel_statistics, check, prepare
from small_problems import MADE, Made

DIGITS = DataSetSettings(name="digits", reader="digits")


def _sorted_set(per_class: int = 30) -> DataSet:
    """Three classes, sorted; an image's first pixel is its row, so that it can be recognised."""
    labels = np.repeat(np.arange(3), per_class)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4, 3), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels))
    return DataSet(images, labels, images, labels, ("ant", "bee", "cow"), "made")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> DataSetSettings:
    monkeypatch.setattr(Made, "data", _sorted_set(), raising=False)
    return DataSetSettings(name="insects", reader=MADE)


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        described = prepare(DIGITS, tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in described.parent.iterdir()})
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == [
        "dataset.json",
        "test_images.npy",
        "test_labels.npy",
        "train_images.npy",
        "train_labels.npy",
    ]


def test_training_order_is_kept_and_test_order_mixes_classes(made: DataSetSettings, tmp_path: Path) -> None:
    store = open_store(prepare(made, tmp_path))
    source = _sorted_set()
    np.testing.assert_array_equal(store.train_images, source.train_images)
    np.testing.assert_array_equal(store.train_labels, source.train_labels)
    rows = store.test_images[:, 0, 0, 0]
    assert sorted(rows) == list(range(90))
    np.testing.assert_array_equal(store.test_images, source.test_images[rows])
    np.testing.assert_array_equal(store.test_labels, source.test_labels[rows])
    assert set(store.test_labels[:15]) == {0, 1, 2}


def test_description_tells_what_was_prepared(made: DataSetSettings, tmp_path: Path) -> None:
    described = json.loads(prepare(made, tmp_path).read_text())
    assert described["name"] == "insects"
    assert described["reader"] == MADE
    assert described["class_names"] == ["ant", "bee", "cow"]
    assert described["counts"] == {"train": [30, 30, 30], "test": [30, 30, 30]}
    assert described["arrays"]["train_images"]["shape"] == [90, 4, 4, 3]
    assert described["normalisation"] == "computed"


@given(
    npst.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 3])))
)
def test_channel_statistics_are_those_of_the_pixels(images: np.ndarray) -> None:
    mean, std = channel_statistics(images)
    scaled = images.astype(np.float64) / 255
    np.testing.assert_allclose(mean, scaled.mean(axis=(0, 1, 2)), atol=1e-12)
    np.testing.assert_allclose(std, scaled.std(axis=(0, 1, 2)), atol=1e-12)


def test_channel_statistics_of_several_blocks() -> None:
    images = np.random.default_rng(1).integers(0, 256, (10_000, 2, 2, 1), dtype=np.uint8)
    assert channel_statistics(images) == channel_statistics(images[::-1])
    np.testing.assert_allclose(channel_statistics(images)[0], [images.mean() / 255], atol=1e-12)


def test_configured_normalisation(made: DataSetSettings, tmp_path: Path) -> None:
    normalise = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.2023, 0.1994, 0.2010]}
    path = prepare(made.overridden({"normalise": normalise}), tmp_path)
    store = open_store(path)
    assert list(store.mean) == normalise["mean"]
    assert list(store.std) == normalise["std"]
    assert json.loads(path.read_text())["normalisation"] == "configured"


@pytest.mark.parametrize(
    ("normalise", "expected"),
    [
        ({"mean": [0.5], "std": [0.2] * 3}, r"dataset.normalise.mean: expected 3 fractions of 1, got \[0.5\]"),
        ({"mean": [0.5] * 3, "std": [0.2, 1.5, 0.2]}, "dataset.normalise.std: expected 3 fractions of 1 above 0"),
        ({"mean": [125, 122, 113], "std": [0.2] * 3}, "dataset.normalise.mean: .* got .125"),
    ],
)
def test_wrong_normalisation_is_refused(made: DataSetSettings, tmp_path: Path, normalise: Any, expected: str) -> None:
    with pytest.raises(PlasticityError, match=expected):
        prepare(made.overridden({"normalise": normalise}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_failed_run_leaves_no_description_of_other_arrays(
    made: DataSetSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(made, tmp_path)

    def full_disk(file: Any, array: np.ndarray, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.raises(PlasticityError, match=r"train_images\.npy: expected to write this file, got: No space"):
        prepare(made, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "dataset.json" not in names
    assert not [name for name in names if name.endswith(".part")]


SET = _sorted_set()
LATE = np.where(np.arange(90) == 40, 3, SET.train_labels)
BAD = {
    "row 40: expected a label from 0 to 2, got 3": {"train_labels": LATE},
    "test row 40: expected a label from 0 to 2, got -1": {"test_labels": np.where(LATE == 3, -1, LATE)},
    "train: expected images of every class, got none of class 'bee'": {"train_labels": SET.train_labels // 2 * 2},
    "test: expected images of every class, got none of class 'dog'": {
        "class_names": ("ant", "bee", "cow", "dog"),
        "train_labels": LATE,
    },
    "train images: expected uint8 of shape .* got float64": {"train_images": SET.train_images / 255},
    r"test images: expected uint8 .* got uint8 of shape \(90, 4, 12\)": {
        "test_images": SET.test_images.reshape(90, 4, 12)
    },
    r"test images: .* none empty, got uint8 of shape \(0, ": {"test_images": SET.test_images[:0]},
    r"train labels: expected int64 of shape \(90,\), got int64 of shape \(89,\)": {
        "train_labels": SET.train_labels[:89]
    },
    "train labels: expected int64 .* got float64": {"train_labels": SET.train_labels * 1.0},
    r"expected test images of shape \(4, 4, 3\) as in training, got \(4, 4, 1\)": {
        "test_images": SET.test_images[..., :1]
    },
    "expected two or more distinct classes, got .'ant', 'ant', 'cow'": {"class_names": ("ant", "ant", "cow")},
    "expected two or more distinct classes, got .'ant'.": {"class_names": ("ant",)},
}


@pytest.mark.parametrize("expected", BAD)
def test_what_is_no_labelled_data_set_is_refused(expected: str) -> None:
    check(SET)
    with pytest.raises(PlasticityError, match=expected) as caught:
        check(replace(SET, **BAD[expected]))
    assert "\n" not in str(caught.value)


def test_constant_channel_needs_a_configured_normalisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = SET.train_images.copy()
    images[..., 1] = 7
    monkeypatch.setattr(Made, "data", replace(SET, train_images=images), raising=False)
    with pytest.raises(
        PlasticityError, match=r"dataset.normalise: expected it to be set, since channel 1 has one value"
    ):
        prepare(DataSetSettings(name="flat", reader=MADE), tmp_path)
