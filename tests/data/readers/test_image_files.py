from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from plasticity.data.readers import image_files
from plasticity.errors import PlasticityError
from typed import read

SHARED = Path(__file__).parents[3] / "../shared/data/cifar10/test.parquet"
LABELS = [0, 1, 2, 0, 1, 2]


def _pixels(seed: int, height: int = 5, width: int = 4, channels: int = 3, count: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "PNG")
    return file.getvalue()


def _parquet(path: Path, images: list, labels: list = LABELS, struct: bool = False, **columns: str) -> str:
    if struct:
        images = [{"bytes": image, "path": f"{row}.png"} for row, image in enumerate(images)]
    names = (columns.get("image", "image"), columns.get("label", "label"))
    pq.write_table(pa.table(dict(zip(names, (images, labels), strict=True))), path, row_group_size=4)
    return str(path)


def _encoded(seed: int, **form: int) -> list[bytes]:
    return [_png(pixels) for pixels in _pixels(seed, **form)]


@pytest.mark.parametrize("struct", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_parquet_of_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, struct: bool, channels: int) -> None:
    monkeypatch.setattr(image_files, "_BATCH", 4)
    train = _parquet(tmp_path / "train.parquet", _encoded(1, channels=channels), struct=struct)
    test = _parquet(tmp_path / "test.parquet", _encoded(2, channels=channels), LABELS[::-1], struct=struct)
    data = read({"reader": "parquet", "train": train, "test": test})
    np.testing.assert_array_equal(data.train_images, _pixels(1, channels=channels))
    np.testing.assert_array_equal(data.test_images, _pixels(2, channels=channels))
    assert data.train_labels.tolist() == LABELS
    assert data.test_labels.tolist() == LABELS[::-1]
    assert data.train_labels.dtype == np.int64
    assert data.class_names == ("0", "1", "2")


def test_parquet_with_other_columns_and_class_names(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "all.parquet", _encoded(1), image="img", label="fine_label")
    settings = {"reader": "parquet", "train": path, "test": path, "image_column": "img", "label_column": "fine_label"}
    assert read({**settings, "class_names": ["x", "y", "z"]}).class_names == ("x", "y", "z")
    with pytest.raises(PlasticityError, match=r"expected a column 'image', got the columns \['img', 'fine_label'\]"):
        read({"reader": "parquet", "train": path, "test": path})


def test_parquet_image_of_another_size_is_named_or_resized(tmp_path: Path) -> None:
    images = [*_encoded(1)[:5], _png(_pixels(1, height=7)[0])]
    path = _parquet(tmp_path / "train.parquet", images)
    settings = {"reader": "parquet", "train": path, "test": path}
    expected = "train.parquet row 5: expected 5x4 pixels with 3 channels, got 7x4 pixels with 3 channels"
    with pytest.raises(PlasticityError, match=expected):
        read(settings)
    data = read({**settings, "image_size": [5, 4]})
    np.testing.assert_array_equal(data.train_images[:5], _pixels(1)[:5])
    resized = Image.fromarray(_pixels(1, height=7)[0]).resize((4, 5), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(data.train_images[5], np.asarray(resized))


def test_parquet_test_image_must_have_the_training_size(tmp_path: Path) -> None:
    train = _parquet(tmp_path / "train.parquet", _encoded(1))
    test = _parquet(tmp_path / "test.parquet", _encoded(1, width=6))
    with pytest.raises(PlasticityError, match=r"test.parquet row 0: expected 5x4 pixels .* got 5x6"):
        read({"reader": "parquet", "train": train, "test": test})


@pytest.mark.parametrize("channels", [1, 3])
def test_mixed_modes_are_refused_or_converted(tmp_path: Path, channels: int) -> None:
    path = _parquet(tmp_path / "train.parquet", [*_encoded(1)[:3], *_encoded(1, channels=1)[:3]])
    settings = {"reader": "parquet", "train": path, "test": path}
    with pytest.raises(PlasticityError, match=r"row 3: expected 5x4 pixels with 3 channels, got .* with 1 channel;"):
        read(settings)
    assert read({**settings, "channels": channels}).train_images.shape == (6, 5, 4, channels)


def test_mode_without_meaning_as_channels_is_named(tmp_path: Path) -> None:
    file = BytesIO()
    Image.fromarray(_pixels(1)[0]).convert("P").save(file, "PNG")
    path = _parquet(tmp_path / "train.parquet", [file.getvalue()] * 6)
    with pytest.raises(PlasticityError, match=r"row 0: expected a grayscale .* got mode P; set channels"):
        read({"reader": "parquet", "train": path, "test": path})


@pytest.mark.parametrize("struct", [False, True])
@pytest.mark.parametrize("bad", [b"GIF89a?", None, _encoded(1)[0][:-30]])
def test_row_that_is_no_image_is_named(tmp_path: Path, struct: bool, bad: bytes | None) -> None:
    path = _parquet(tmp_path / "train.parquet", [*_encoded(1)[:4], bad, _encoded(1)[5]], struct=struct)
    with pytest.raises(PlasticityError, match=r"train.parquet row 4: expected an encoded image, got ") as caught:
        read({"reader": "parquet", "train": path, "test": path})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1, 2, 0, None, 2], "train.parquet row 4: expected a label, got none"),
        ([0.0] * 6, "expected column 'label' to hold integers, got double"),
        (["cat"] * 6, "expected column 'label' to hold integers, got string"),
    ],
)
def test_labels_that_are_no_classes(tmp_path: Path, labels: list, expected: str) -> None:
    path = _parquet(tmp_path / "train.parquet", _encoded(1), labels)
    with pytest.raises(PlasticityError, match=expected):
        read({"reader": "parquet", "train": path, "test": path})


def test_image_column_of_another_type(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "train.parquet", [1, 2, 3, 4, 5, 6])
    with pytest.raises(PlasticityError, match=r"expected column 'image' to be binary or a struct .* got int64"):
        read({"reader": "parquet", "train": path, "test": path})


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "empty"])
def test_damaged_parquet_file_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "train.parquet"
    images = [] if damage == "empty" else _encoded(1)
    schema = pa.schema([("image", pa.binary()), ("label", pa.int64())])
    table = pa.table({"image": images, "label": LABELS[: len(images)]}, schema=schema)
    pq.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 1
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[:-20])
    elif damage == "flipped":
        path.write_bytes(content)
    with pytest.raises(PlasticityError, match=r"train.parquet: expected ") as caught:
        read({"reader": "parquet", "train": str(path), "test": str(path)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"image_size": 32}, r"dataset.image_size: expected a list of 2 values, each an integer >= 1, got 32"),
        ({"image_size": [0, 4]}, r"dataset.image_size\[0\]: expected an integer >= 1, got 0"),
        ({"image_size": [4, True]}, r"dataset.image_size\[1\]: expected an integer >= 1, got true"),
        ({"channels": 2}, "dataset.channels: expected one of 1, 3, got 2"),
    ],
)
def test_impossible_form_is_refused(setting: dict, expected: str) -> None:
    with pytest.raises(PlasticityError, match=expected):
        read({"reader": "parquet", "train": "a.parquet", "test": "b.parquet", **setting})


@pytest.mark.skipif(not SHARED.is_file(), reason="needs CIFAR-10 in ../shared/data")
def test_rows_of_real_cifar10(tmp_path: Path) -> None:
    rows = next(pq.ParquetFile(SHARED).iter_batches(50))
    pq.write_table(pa.Table.from_batches([rows]), tmp_path / "few.parquet")
    data = read({"reader": "parquet", "train": str(tmp_path / "few.parquet"), "test": str(tmp_path / "few.parquet")})
    assert data.train_images.shape == (50, 32, 32, 3)
    assert data.train_images.std() > 30


def _folder(root: Path, seed: int, classes: tuple[str, ...] = ("ant", "bee")) -> str:
    for label, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for row in range(3):
            Image.fromarray(_pixels(seed)[3 * label + row]).save(root / name / f"{row}.png")
    return str(root)


def test_image_folder(tmp_path: Path) -> None:
    train, test = _folder(tmp_path / "train", 1), _folder(tmp_path / "test", 2)
    data = read({"reader": "image_folder", "train": train, "test": test})
    np.testing.assert_array_equal(data.train_images, _pixels(1))
    np.testing.assert_array_equal(data.test_images, _pixels(2))
    assert data.test_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.class_names == ("ant", "bee")
    small = read({"reader": "image_folder", "train": train, "test": test, "image_size": [2, 3], "channels": 1})
    assert small.test_images.shape == (6, 2, 3, 1)


def test_image_folder_names_the_odd_file(tmp_path: Path) -> None:
    train = _folder(tmp_path / "train", 1)
    Image.fromarray(_pixels(1, width=9)[0]).save(tmp_path / "train" / "bee" / "1.png")
    with pytest.raises(PlasticityError, match=r"bee/1.png: expected 5x4 pixels .* got 5x9"):
        read({"reader": "image_folder", "train": train, "test": train})
    (tmp_path / "train" / "bee" / "1.png").write_bytes(b"no image")
    with pytest.raises(PlasticityError, match=r"bee/1.png: expected an encoded image, got "):
        read({"reader": "image_folder", "train": train, "test": train})


def test_image_folders_must_agree_and_exist(tmp_path: Path) -> None:
    train, test = _folder(tmp_path / "train", 1), _folder(tmp_path / "test", 2, classes=("ant", "wasp"))
    with pytest.raises(PlasticityError, match=r"test: expected the classes of .*train, \['ant', 'bee'\], got .*wasp"):
        read({"reader": "image_folder", "train": train, "test": test})
    for folder in (tmp_path / "absent", tmp_path / "train" / "ant"):
        with pytest.raises(PlasticityError, match=f"{folder.name}: expected one subfolder of images per class"):
            read({"reader": "image_folder", "train": str(folder), "test": test})
