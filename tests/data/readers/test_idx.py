import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import MNIST, FashionMNIST

from plasticity.data.readers import idx
from plasticity.errors import PlasticityError
from typed import read

SHARED = Path(__file__).parents[3] / "../shared/data/mnist"
NAMES = [name for name, _ in MNIST.resources]


def _idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def _arrays() -> list[np.ndarray]:
    generator = np.random.default_rng(5)
    images = [generator.integers(0, 256, (count, 28, 28), dtype=np.uint8) for count in (20, 10)]
    labels = [np.arange(count, dtype=np.uint8) % 10 for count in (20, 10)]
    return [images[0], labels[0], images[1], labels[1]]


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four small idx files, which torchvision takes for the published ones."""
    folder = tmp_path / "published"
    folder.mkdir()
    resources = []
    for name, array in zip(NAMES, _arrays(), strict=True):
        content = gzip.compress(_idx(array), mtime=0)
        (folder / name).write_bytes(content)
        resources.append((name, _md5(content)))
    for kind in (MNIST, FashionMNIST):
        monkeypatch.setattr(kind, "resources", resources)
    monkeypatch.setattr(idx, "_CONTENT_MD5", {})
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same files behind a web server, as torchvision's only mirror."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(published))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        for kind in (MNIST, FashionMNIST):
            monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        yield published
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("reader", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("unzipped", [False, True])
def test_folder_of_idx_files(published: Path, reader: str, unzipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if unzipped:
        pins = {}
        for name, array in zip(NAMES, _arrays(), strict=True):
            (published / name).unlink()
            (published / name.removesuffix(".gz")).write_bytes(_idx(array))
            for kind in (MNIST, FashionMNIST):
                pins[kind.__name__, name.removesuffix(".gz")] = _md5(_idx(array))
        monkeypatch.setattr(idx, "_CONTENT_MD5", pins)
    data = read({"reader": reader, "root": str(published)})
    train_images, train_labels, test_images, test_labels = _arrays()
    np.testing.assert_array_equal(data.train_images[..., 0], train_images)
    np.testing.assert_array_equal(data.test_images[..., 0], test_images)
    np.testing.assert_array_equal(data.train_labels, train_labels)
    np.testing.assert_array_equal(data.test_labels, test_labels)
    assert data.train_labels.dtype == np.int64
    assert len(data.class_names) == 10


def test_other_compression_of_the_same_content(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = _idx(_arrays()[0])
    (published / NAMES[0]).write_bytes(gzip.compress(content, compresslevel=1, mtime=0) + gzip.compress(b""))
    with pytest.raises(PlasticityError, match="expected the published file"):
        idx.Mnist(root=str(published)).read()
    monkeypatch.setattr(idx, "_CONTENT_MD5", {("MNIST", "train-images-idx3-ubyte"): _md5(content)})
    assert idx.Mnist(root=str(published)).read().train_images.shape == (20, 28, 28, 1)


def test_truncated_gz_is_named(published: Path) -> None:
    path = published / NAMES[2]
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(PlasticityError, match=f"{NAMES[2]}: expected an idx file, got a damaged file") as caught:
        idx.Mnist(root=str(published)).read()
    assert "\n" not in str(caught.value)


def test_altered_content_is_named(published: Path) -> None:
    (published / NAMES[1]).write_bytes(gzip.compress(_idx(_arrays()[1][::-1])))
    with pytest.raises(PlasticityError, match=rf"{NAMES[1]}: expected the published file \(MD5 \w+\), got MD5 \w+$"):
        idx.FashionMnist(root=str(published)).read()


def test_missing_one_of_four_is_named(published: Path) -> None:
    (published / NAMES[3]).unlink()
    with pytest.raises(PlasticityError, match=f"{NAMES[3]}: expected this file of MNIST, got no file"):
        idx.Mnist(root=str(published)).read()


def test_download_then_reading_without_network(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(tmp_path / "data")
    data = idx.Mnist(root=root).read()
    np.testing.assert_array_equal(data.train_images[..., 0], _arrays()[0])
    monkeypatch.setattr(MNIST, "mirrors", [])
    again = idx.Mnist(root=root, download=False).read()
    np.testing.assert_array_equal(again.test_images, data.test_images)


def test_download_heals_what_was_cut_short(mirror: Path, tmp_path: Path) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / NAMES[0]).write_bytes((mirror / NAMES[0]).read_bytes())
    (raw / NAMES[0].removesuffix(".gz")).write_bytes(b"\0\0")
    (raw / NAMES[1]).write_bytes((mirror / NAMES[1]).read_bytes()[:30])
    data = idx.Mnist(root=str(tmp_path / "data")).read()
    np.testing.assert_array_equal(data.train_images[..., 0], _arrays()[0])
    np.testing.assert_array_equal(data.train_labels, _arrays()[1])


def test_download_of_altered_file_is_refused(mirror: Path, tmp_path: Path) -> None:
    (mirror / NAMES[0]).write_bytes(b"an error page")
    with pytest.raises(PlasticityError, match=r"files of MNIST with their published checksums.*corrupted") as caught:
        idx.Mnist(root=str(tmp_path / "data")).read()
    assert "\n" not in str(caught.value)


def test_no_download_wanted(published: Path, tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match=r"data: expected the files of FashionMNIST.*not found"):
        idx.FashionMnist(root=str(tmp_path / "data"), download=False).read()


def test_unreachable_mirror(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: nothing answers
    with pytest.raises(PlasticityError, match=r"Error downloading.*refused") as caught:
        idx.Mnist(root=str(tmp_path / "data")).read()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs MNIST in ../shared/data")
def test_real_mnist_passes_the_pinned_checksums() -> None:
    images = idx._array(MNIST, SHARED / "t10k-images-idx3-ubyte")
    labels = idx._array(MNIST, SHARED / "t10k-labels-idx1-ubyte")
    assert images.shape == (10_000, 28, 28)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
