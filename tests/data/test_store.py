import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from plasticity.config.whole_run import DataSetSettings
from plasticity.data.readers.digits import Digits
from plasticity.data.store import ARRAYS, open_store
from plasticity.errors import PlasticityError
from plasticity.stages.prepare import prepare


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(DataSetSettings(name="digits", reader="digits"), tmp_path_factory.mktemp("digits")).parent


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "digits"))


@pytest.mark.parametrize("name", ["", "dataset.json"])
@pytest.mark.parametrize("verify", [True, False])
def test_opens_as_read_only_memory_maps(folder: Path, name: str, verify: bool) -> None:
    store = open_store(folder / name, verify=verify)
    assert (store.name, store.image_shape, store.num_classes) == ("digits", (1, 8, 8), 10)
    np.testing.assert_array_equal(store.train_images, Digits().read().train_images)
    assert isinstance(store.train_images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        store.train_images[0] = 0


def _one_line(folder: Path, match: str, *, verify: bool = True) -> None:
    with pytest.raises(PlasticityError, match=match) as caught:
        open_store(folder, verify=verify)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("place", [3, 40, -1])
def test_flipped_bit_is_found_and_its_file_named(folder: Path, name: str, place: int) -> None:
    path = folder / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    _one_line(folder, f"{name}.npy: expected ")


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("length", [0, 5, 60, 1000])
def test_truncated_array_is_named(folder: Path, length: int, verify: bool) -> None:
    path = folder / "test_images.npy"
    path.write_bytes(path.read_bytes()[:length])
    _one_line(folder, "test_images.npy: expected a prepared array, got a damaged file", verify=verify)


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "train_labels.npy").unlink()
    _one_line(folder, "train_labels.npy: expected a prepared array, got no file", verify=False)
    (folder / "dataset.json").unlink()
    _one_line(folder, "dataset.json: expected a JSON file, got no file")


def test_array_of_another_shape_or_type_is_named(folder: Path) -> None:
    np.save(folder / "train_images.npy", np.zeros((3, 8, 8, 1), dtype=np.uint8))
    _one_line(folder, r"train_images.npy: expected uint8 of shape \(1347, .* got uint8 of shape \(3, 8", verify=False)
    np.save(folder / "train_images.npy", np.zeros((1347, 8, 8, 1), dtype=np.float32))
    _one_line(folder, "train_images.npy: expected uint8 .* got float32", verify=False)


def test_pickled_array_is_never_loaded(folder: Path) -> None:
    np.save(folder / "train_images.npy", np.array([print], dtype=object), allow_pickle=True)
    _one_line(folder, "train_images.npy: expected a prepared array", verify=False)


def test_edited_description_is_found(folder: Path) -> None:
    path = folder / "dataset.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, "mean": [0.5]}))
    _one_line(folder, "dataset.json: expected content of digest", verify=False)
    path.write_text(json.dumps({"mean": [0.5]}))
    _one_line(folder, "dataset.json: expected the description of a prepared data set")
