from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from plasticity.config.slices import SplitSettings
from plasticity.data.dataset import DataSet
from plasticity.data.store import ImageStore, open_store
from plasticity.errors import PlasticityError
from plasticity.stages.draw_split import draw_split, read_split, split_digest
from plasticity.storage.tables import read_provenance, read_table, write_table
from small_problems import prepared_from

SIZE = 300


def _store(folder: Path, labels: np.ndarray) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 2, 2, 1), dtype=np.uint8)
    return prepared_from(DataSet(images, labels, images, labels, ("ant", "bee", "cow"), "made"), folder, "insects")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 100 images, sorted by class."""
    return _store(tmp_path_factory.mktemp("insects"), np.repeat(np.arange(3), SIZE // 3))


@pytest.fixture(scope="module")
def store(dataset: Path) -> ImageStore:
    return open_store(dataset)


def _draw(dataset: Path, output: Path, seed: int = 7, *, size: int | None = None, fraction: float = 0.5) -> Path:
    draw_split(SplitSettings(train_size=size, warm_up_fraction=fraction), dataset=dataset, seed=seed, output=output)
    return output


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**31),
    size=st.none() | st.integers(60, SIZE),
    fraction=st.floats(0.3, 1.0, exclude_min=True),
)
def test_split_properties(
    dataset: Path, store: ImageStore, tmp_path: Path, seed: int, size: int | None, fraction: float
) -> None:
    path = _draw(dataset, tmp_path / "split.parquet", seed, size=size, fraction=fraction)
    split = read_split(path, store)
    total = size or SIZE
    assert len(split.full_indices) == total
    assert len(split.warm_up_indices) == round(fraction * total)
    assert len(set(split.full_indices)) == total
    assert split.full_indices.dtype == split.warm_up_indices.dtype == np.int64
    np.testing.assert_array_equal(split.warm_up_indices, split.full_indices[: len(split.warm_up_indices)])
    labels = store.train_labels[split.full_indices]
    assert (np.diff(labels) != 0).sum() > total / 3  # two thirds of the neighbours differ in a random order
    assert (
        path.read_bytes() == _draw(dataset, tmp_path / "again.parquet", seed, size=size, fraction=fraction).read_bytes()
    )


@given(one=st.integers(0, 2**31), other=st.integers(0, 2**31))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_seeds_are_independent(dataset: Path, store: ImageStore, tmp_path: Path, one: int, other: int) -> None:
    assume(one != other)
    before = _draw(dataset, tmp_path / "one.parquet", one).read_bytes()
    second = read_split(_draw(dataset, tmp_path / "other.parquet", other), store)
    assert _draw(dataset, tmp_path / "one.parquet", one).read_bytes() == before
    first = read_split(tmp_path / "one.parquet", store)
    assert not np.array_equal(first.full_indices, second.full_indices)
    assert set(first.warm_up_indices) != set(second.warm_up_indices)


def test_smaller_train_size_is_a_prefix(dataset: Path, store: ImageStore, tmp_path: Path) -> None:
    small = read_split(_draw(dataset, tmp_path / "small.parquet", size=100), store)
    full = read_split(_draw(dataset, tmp_path / "full.parquet"), store)
    np.testing.assert_array_equal(small.full_indices, full.full_indices[:100])


def test_table_and_provenance_count_the_classes(dataset: Path, tmp_path: Path) -> None:
    path = _draw(dataset, tmp_path / "split.parquet", size=200)
    frame = read_table(path, "split")
    counts = read_provenance(path)["counts"]
    assert counts["full"] == frame["label"].value_counts().sort_index().tolist()
    assert counts["warm_up"] == frame.loc[frame["warm_up"], "label"].value_counts().sort_index().tolist()
    assert sum(counts["warm_up"]) == 100
    assert read_provenance(path)["settings"] == {"train_size": 200, "warm_up_fraction": 0.5, "seed": 7}


def test_every_image_is_as_likely_in_the_warm_up_half(dataset: Path, store: ImageStore, tmp_path: Path) -> None:
    counts = np.zeros(SIZE)
    for seed in range(100):
        counts[read_split(_draw(dataset, tmp_path / "split.parquet", seed), store).warm_up_indices] += 1
    assert counts.sum() == 100 * SIZE / 2
    assert counts.min() > 20 and counts.max() < 80  # six standard deviations of a fair coin
    assert abs(counts.reshape(3, -1).mean(axis=1) - 50).max() < 2


@pytest.mark.parametrize(
    ("size", "fraction", "expected"),
    [
        (301, 0.5, "train_size: expected null or 1 to 300 images, got 301"),
        (None, 0.001, "warm_up_fraction: expected at least one image of 300, got none at 0.001"),
        (2, 1.0, "seed 7: the full set of 2 images: expected images of every class, got none of class '(ant|bee|cow)'"),
        (100, 0.02, "seed 7: the warm-up half of 2 images: expected images of every class, got none of class "),
    ],
)
def test_impossible_split_is_refused(
    dataset: Path, tmp_path: Path, size: int | None, fraction: float, expected: str
) -> None:
    with pytest.raises(PlasticityError, match=expected):
        _draw(dataset, tmp_path / "split.parquet", size=size, fraction=fraction)
    assert not list(tmp_path.iterdir())


def _edit(path: Path, column: str, rows: slice, values: object) -> Path:
    frame = read_table(path, "split")
    frame.loc[frame.index[rows], column] = values
    write_table(frame, path, "split")
    return path


@pytest.mark.parametrize(
    ("column", "rows", "values", "expected"),
    [
        ("index", slice(0, 1), SIZE, "expected distinct rows of 300 training images"),
        ("index", slice(0, 1), -1, "expected distinct rows"),
        ("index", slice(0, 2), 5, "expected distinct rows"),
        ("label", slice(0, 90), 1, "expected the labels of data set insects"),
        ("position", slice(0, 1), 5, "expected positions from 0"),
        ("warm_up", slice(0, 1), False, "expected positions from 0 with the warm-up half first"),
        ("warm_up", slice(0, SIZE), False, "expected a warm-up half"),
    ],
)
def test_split_that_does_not_fit_is_refused(
    dataset: Path, store: ImageStore, tmp_path: Path, column: str, rows: slice, values: object, expected: str
) -> None:
    path = _edit(_draw(dataset, tmp_path / "split.parquet"), column, rows, values)
    with pytest.raises(PlasticityError, match=f"split.parquet: {expected}"):
        read_split(path, store)


def test_split_of_another_data_set_is_refused(dataset: Path, tmp_path: Path) -> None:
    path = _draw(dataset, tmp_path / "split.parquet")
    other = open_store(_store(tmp_path / "other", np.arange(SIZE) % 3))
    with pytest.raises(PlasticityError, match="expected the labels of data set insects, got those of a different one"):
        read_split(path, other)


def test_empty_split_is_refused(store: ImageStore, tmp_path: Path) -> None:
    empty = pd.DataFrame({"position": [], "index": [], "label": [], "warm_up": []})
    write_table(empty.astype({"position": int, "index": int, "label": int, "warm_up": bool}), tmp_path / "s", "split")
    with pytest.raises(PlasticityError, match="expected a warm-up half"):
        read_split(tmp_path / "s", store)


def test_altered_data_set_is_not_split(tmp_path: Path) -> None:
    dataset = _store(tmp_path / "data", np.arange(SIZE) % 3)
    path = tmp_path / "data" / "train_labels.npy"
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(PlasticityError, match=r"train_labels.npy: expected SHA-256"):
        _draw(dataset, tmp_path / "split.parquet")


def test_digest_tells_splits_apart(dataset: Path, store: ImageStore, tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    first = split_digest(read_split(_draw(dataset, path), store))
    assert split_digest(read_split(_draw(dataset, path), store)) == first
    others = [split_digest(read_split(_draw(dataset, path, seed), store)) for seed in (8, 9)]
    others.append(split_digest(read_split(_draw(dataset, path, fraction=0.6), store)))
    assert len({first, *others}) == 4
