"""MNIST and Fashion-MNIST: torchvision's downloader, or the four published idx files in a folder of one's own.

Files are verified each time they are read, not only when they are downloaded.
"""

import gzip
import hashlib
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import MNIST, FashionMNIST
from torchvision.datasets.mnist import read_image_file, read_label_file
from torchvision.datasets.utils import check_integrity

from plasticity.data.dataset import DataSet
from plasticity.data.readers.downloaded import Downloaded, open_torchvision
from plasticity.errors import PlasticityError

# MD5 of the unzipped published content: gzip can pack the same content into other bytes, and a user may have unzipped
# it. torchvision pins the .gz files only. None is published for Fashion-MNIST, which is read from its .gz files alone.
_CONTENT_MD5 = {
    ("MNIST", "train-images-idx3-ubyte"): "6bbc9ace898e44ae57da46a324031adb",
    ("MNIST", "train-labels-idx1-ubyte"): "a25bea736e30d166cdddb491f175f624",
    ("MNIST", "t10k-images-idx3-ubyte"): "2646ac647ad5339dbf082846283269ea",
    ("MNIST", "t10k-labels-idx1-ubyte"): "27ae3e4e09519cfbb04c329615203637",
}


class Mnist(Downloaded, name="mnist"):
    """MNIST (LeCun et al. 1998)."""

    def read(self) -> DataSet:
        """Read 60,000 + 10,000 grayscale images of 28x28 pixels, 10 digits.

        The four idx files may be in `root` itself, gzipped or not; otherwise they are where torchvision keeps its data.
        """
        return _read(MNIST, Path(self.root), download=self.download)


class FashionMnist(Downloaded, name="fashion_mnist"):
    """Fashion-MNIST (Xiao et al. 2017)."""

    def read(self) -> DataSet:
        """Read the images, in the format of MNIST, 10 classes."""
        return _read(FashionMNIST, Path(self.root), download=self.download)


def _read(kind: type[MNIST], root: Path, *, download: bool) -> DataSet:
    names = [name.removesuffix(".gz") for name, _ in kind.resources]
    folder = root
    if not any((root / name).exists() or (root / f"{name}.gz").exists() for name in names):
        folder = _downloaded(kind, root, download=download)
    train_images, train_labels, test_images, test_labels = (_array(kind, folder / name) for name in names)
    return DataSet(
        train_images=train_images[..., np.newaxis],
        train_labels=train_labels,
        test_images=test_images[..., np.newaxis],
        test_labels=test_labels,
        class_names=tuple(kind.classes),
        source=f"the published idx files of {kind.__name__}, MD5 verified",
    )


def _downloaded(kind: type[MNIST], root: Path, *, download: bool) -> Path:
    """Return torchvision's folder of the .gz files, after a download where one is missing or damaged.

    torchvision verifies the .gz files only when it downloads them, and never the unzipped ones that it reads: an
    extraction that was cut short would stay. Hence the .gz files are what is read here.
    """
    folder = root / kind.__name__ / "raw"
    if not all(check_integrity(folder / name, md5) for name, md5 in kind.resources):
        open_torchvision(kind, root, download=download)
    return folder


def _array(kind: type[MNIST], path: Path) -> NDArray[Any]:
    parse = read_image_file if "idx3" in path.name else read_label_file
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.name
        plain.write_bytes(_verified_content(kind, path))
        return parse(str(plain)).numpy()


def _verified_content(kind: type[MNIST], path: Path) -> bytes:
    zipped = path.with_name(f"{path.name}.gz")
    found = zipped if zipped.exists() else path
    try:
        raw = found.read_bytes()
        content = gzip.decompress(raw) if found == zipped else raw
    except FileNotFoundError:
        raise PlasticityError(f"{zipped}: expected this file of {kind.__name__}, got no file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise PlasticityError(f"{found}: expected an idx file, got a damaged file ({error})") from None
    expected = {dict(kind.resources)[zipped.name], _CONTENT_MD5.get((kind.__name__, path.name))} - {None}
    got = [hashlib.md5(block, usedforsecurity=False).hexdigest() for block in (raw, content)]
    if expected.isdisjoint(got):
        wanted = " or ".join(sorted(str(digest) for digest in expected))
        raise PlasticityError(f"{found}: expected the published file (MD5 {wanted}), got MD5 {got[0]}")
    return content
