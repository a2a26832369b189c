import hashlib
import pickle
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from torchvision.datasets import CIFAR10, CIFAR100, STL10, SVHN

from plasticity.errors import PlasticityError
from typed import read

COUNT = 10
PARTS = ("train", "test")


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _images(seed: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (COUNT, side, side, 3), dtype=np.uint8)


def _cifar_batch(seed: int, key: str, classes: int) -> bytes:
    data = _images(seed).transpose(0, 3, 1, 2).reshape(COUNT, -1)
    return pickle.dumps({"data": data, key: [(seed + row) % classes for row in range(COUNT)]})


def _cifar(kind: Any, root: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    folder = root / kind.base_folder
    train = [[name, _write(folder / name, _cifar_batch(i, key, 10))] for i, (name, _) in enumerate(kind.train_list)]
    test = [[name, _write(folder / name, _cifar_batch(9, key, 10))] for name, _ in kind.test_list]
    names = pickle.dumps({kind.meta["key"]: [f"class {label}" for label in range(10)]})
    meta = {**kind.meta, "md5": _write(folder / kind.meta["filename"], names)}
    for attribute, value in (("train_list", train), ("test_list", test), ("meta", meta)):
        monkeypatch.setattr(kind, attribute, value)


def test_cifar10_keeps_order_channels_and_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _cifar(CIFAR10, tmp_path, monkeypatch, "labels")
    data = read({"reader": "cifar10", "root": str(tmp_path), "download": False})
    np.testing.assert_array_equal(data.train_images, np.concatenate([_images(seed) for seed in range(5)]))
    np.testing.assert_array_equal(data.test_images, _images(9))
    assert data.train_labels.tolist() == [(seed + row) % 10 for seed in range(5) for row in range(COUNT)]
    assert data.class_names[3] == "class 3"
    assert data.train_images.flags.c_contiguous


def test_cifar100_reads_the_fine_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _cifar(CIFAR100, tmp_path, monkeypatch, "fine_labels")
    data = read({"reader": "cifar100", "root": str(tmp_path), "download": False})
    np.testing.assert_array_equal(data.train_images, _images(0))
    assert data.test_labels.tolist() == [(9 + row) % 10 for row in range(COUNT)]


def test_altered_cifar_batch_is_refused_before_it_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _cifar(CIFAR10, tmp_path, monkeypatch, "labels")
    (tmp_path / CIFAR10.base_folder / "data_batch_2").write_bytes(b"cos\nabort\n(tR.")
    with pytest.raises(PlasticityError, match=r"files of CIFAR10 with their published checksums.*corrupted") as caught:
        read({"reader": "cifar10", "root": str(tmp_path), "download": False})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("named", [True, False])
def test_stl10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    folder = tmp_path / STL10.base_folder
    # images are stored channel by channel, columns first; labels from 1
    packed = [_images(seed, 96).transpose(0, 3, 2, 1).tobytes() for seed in (1, 2)]
    labels = np.arange(1, COUNT + 1, dtype=np.uint8).tobytes()
    contents = {"train_X.bin": packed[0], "train_y.bin": labels, "unlabeled_X.bin": b""}
    train = [[name, _write(folder / name, content)] for name, content in contents.items()]
    test = [
        ["test_X.bin", _write(folder / "test_X.bin", packed[1])],
        ["test_y.bin", _write(folder / "test_y.bin", labels)],
    ]
    monkeypatch.setattr(STL10, "train_list", train)
    monkeypatch.setattr(STL10, "test_list", test)
    if named:
        (folder / "class_names.txt").write_text("\n".join(f"class {label}" for label in range(10)))
    data = read({"reader": "stl10", "root": str(tmp_path), "download": False})
    np.testing.assert_array_equal(data.train_images, _images(1, 96))
    np.testing.assert_array_equal(data.test_images, _images(2, 96))
    assert data.test_labels.tolist() == list(range(COUNT))
    assert data.test_labels.dtype == np.int64
    assert data.class_names[9] == ("class 9" if named else "9")


def test_svhn_has_digit_zero_as_class_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    splits = dict(SVHN.split_list)
    for seed, split in enumerate(("train", "test")):
        path = tmp_path / splits[split][1]
        labels = np.arange(1, COUNT + 1, dtype=np.uint8)[:, np.newaxis]  # the file's 10 is the digit 0
        scipy.io.savemat(path, {"X": _images(seed).transpose(1, 2, 3, 0), "y": labels})
        splits[split] = [*splits[split][:2], hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", splits)
    data = read({"reader": "svhn", "root": str(tmp_path), "download": False})
    np.testing.assert_array_equal(data.train_images, _images(0))
    np.testing.assert_array_equal(data.test_images, _images(1))
    assert data.train_labels.tolist() == [*range(1, 10), 0]
    assert data.class_names == tuple("0123456789")


@pytest.fixture
def stl10_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small STL-10 packed as the published archive is, on a server that torchvision downloads it from."""
    labels = np.arange(1, COUNT + 1, dtype=np.uint8).tobytes()
    packed = {f"{part}_X.bin": _images(seed, 96).transpose(0, 3, 2, 1).tobytes() for seed, part in enumerate(PARTS)}
    contents = {"unlabeled_X.bin": b"", "train_y.bin": labels, "test_y.bin": labels, **packed}
    folder = tmp_path / "source"
    digests = {name: _write(folder / STL10.base_folder / name, content) for name, content in contents.items()}
    archive = folder / STL10.filename
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder / STL10.base_folder, STL10.base_folder)
    for attribute in ("train_list", "test_list"):
        monkeypatch.setattr(STL10, attribute, [[name, digests[name]] for name, _ in getattr(STL10, attribute)])
    monkeypatch.setattr(STL10, "tgz_md5", hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(STL10, "url", f"http://127.0.0.1:{server.server_port}/{STL10.filename}")
        yield archive
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("stl10_archive")
def test_stl10_is_downloaded_and_unpacked(tmp_path: Path) -> None:
    data = read({"reader": "stl10", "root": str(tmp_path / "data")})
    np.testing.assert_array_equal(data.train_images, _images(0, 96))
    np.testing.assert_array_equal(data.test_images, _images(1, 96))
    assert data.train_images.shape == (COUNT, 96, 96, 3)


def test_an_stl10_archive_of_another_digest_is_refused(tmp_path: Path, stl10_archive: Path) -> None:
    content = bytearray(stl10_archive.read_bytes())
    content[-1] ^= 1
    stl10_archive.write_bytes(bytes(content))
    with pytest.raises(PlasticityError, match="files of STL10 with their published checksums") as caught:
        read({"reader": "stl10", "root": str(tmp_path / "data")})
    assert "\n" not in str(caught.value)


def test_the_published_digest_of_stl10_is_pinned() -> None:
    assert STL10.tgz_md5 == "91f7769df0f17e558f3565bffb0c7dfb"
    assert {name for name, _ in (*STL10.train_list, *STL10.test_list)} >= {"train_X.bin", "test_X.bin"}
