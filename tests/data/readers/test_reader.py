from typing import Any

import numpy as np
import pytest

from plasticity.config.settings import setting
from plasticity.data.dataset import DataSet, numbered_classes, one_line
from plasticity.data.readers.reader import Reader
from plasticity.errors import PlasticityError
from typed import read


class Own(Reader):
    """A reader of somebody else."""

    shade: int = setting("Shade of all pixels.", unit="1")
    channels: int = setting("Channels.", unit="channels", default=1)

    def read(self) -> DataSet:
        images = np.full((4, 2, 2, self.channels), self.shade, dtype=np.uint8)
        labels = np.array([0, 1, 0, 1])
        return DataSet(images, labels, images, labels, ("cat", "dog"), "made by hand")


OWN = "test_reader:Own"


def test_own_reader_gets_its_settings() -> None:
    data = read({"name": "mine", "reader": OWN, "shade": 9, "channels": 3, "normalise": None})
    assert data.train_images.shape == (4, 2, 2, 3)
    assert data.train_images.max() == 9
    assert data.class_names == ("cat", "dog")


class Nothing(Reader):
    """Breaks the contract: it makes no data set."""

    def read(self) -> Any:
        return None


class Unread(Reader):
    """Breaks the contract: it reads nothing."""


def test_class_names_are_replaced() -> None:
    assert read({"reader": OWN, "shade": 1, "class_names": ["a", "b"]}).class_names == ("a", "b")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"reader": "cifar"}, "reader.name: expected one of digits, .*got 'cifar'; did you mean 'cifar10'"),
        ({"reader": OWN}, "dataset.shade: expected an integer, got nothing"),
        ({"reader": OWN, "shade": 1, "channel": 3}, "dataset.channel: expected a key of .*did you mean 'channels'"),
        ({"reader": "digits", "root": "data"}, "dataset.root: expected no option of digits"),
        ({"reader": "parquet", "train": "", "test": "x"}, "dataset.train: expected text that is not empty, got ''"),
        ({"reader": "test_reader:Nothing"}, "^reader test_reader:Nothing: expected a DataSet, got NoneType$"),
        (
            {"reader": "test_reader:Unread"},
            "^reader.name: expected 'test_reader:Unread' to define the method read",
        ),
        ({"reader": "test_reader:OWN"}, "reader.name: expected .* to be a reader component"),
    ],
)
def test_wrong_settings_are_named_in_one_line(settings: dict, expected: str) -> None:
    with pytest.raises(PlasticityError, match=expected) as caught:
        read(settings)
    assert "\n" not in str(caught.value)


def test_classes_are_counted_not_trusted() -> None:
    assert numbered_classes(np.array([0, 2, 10**12, 0])) == ("0", "1", "2")


def test_one_line_of_an_error() -> None:
    assert one_line(RuntimeError("Tried A, got:\nno route\n")) == "Tried A, got:; no route"
    assert one_line(EOFError()) == "EOFError"
