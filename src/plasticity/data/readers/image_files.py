"""One's own images: folders with one subfolder per class, or Parquet files with one encoded image per row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from plasticity.config.settings import setting
from plasticity.data.dataset import DataSet, numbered_classes, one_line
from plasticity.data.decoding import ImageForm, decode_images
from plasticity.data.readers.reader import Reader
from plasticity.errors import PlasticityError
from plasticity.storage.files import sha256_of

_BATCH = 1024  # rows of a Parquet file in memory at a time


class OwnImages(Reader):
    """What readers of one's own images share: where they are, and the form to bring them into."""

    train: str
    test: str
    image_size: tuple[Annotated[int, Field(ge=1)], ...] | None = setting(
        "Height and width to resize all images to; if absent, all images must have one size.",
        unit="pixels",
        default=None,
        min_length=2,
        max_length=2,
    )
    channels: Literal[1, 3] | None = setting(
        "Convert all images to grayscale (1) or RGB (3); if absent, they stay as they are.",
        unit="channels",
        default=None,
    )

    @property
    def form(self) -> ImageForm:
        """The form to bring the images into."""
        return ImageForm((self.image_size[0], self.image_size[1]) if self.image_size else None, self.channels)


class ImageFolders(OwnImages, name="image_folder"):
    """Two folders of images, one subfolder per class."""

    train: str = setting("Folder of the training images, relative to the repository.", unit="path", min_length=1)
    test: str = setting("Folder of the test images, relative to the repository.", unit="path", min_length=1)

    def read(self) -> DataSet:
        """Read two folders in the layout of torchvision's ImageFolder: `<folder>/<class name>/<image file>`.

        Raises:
            PlasticityError: If the folders' classes differ, or an image cannot be read or has another size.
        """
        train_classes, train_samples = _samples(self.train)
        test_classes, test_samples = _samples(self.test)
        if train_classes != test_classes:
            expected = f"expected the classes of {self.train}, {train_classes}"
            raise PlasticityError(f"{self.test}: {expected}, got {test_classes}")
        train_images = _decode_samples(train_samples, self.form)
        return DataSet(
            train_images=train_images,
            train_labels=np.array([label for _, label in train_samples], dtype=np.int64),
            test_images=_decode_samples(test_samples, self.form, like=train_images.shape[1:]),
            test_labels=np.array([label for _, label in test_samples], dtype=np.int64),
            class_names=tuple(train_classes),
            source=f"image files in {self.train} and {self.test}",
        )


class ParquetFiles(OwnImages, name="parquet"):
    """Two Parquet files with one encoded image and one label per row."""

    train: str = setting("File of the training images, relative to the repository.", unit="path", min_length=1)
    test: str = setting("File of the test images, relative to the repository.", unit="path", min_length=1)
    image_column: str = setting("Column of the encoded images.", unit="name", default="image", min_length=1)
    label_column: str = setting(
        "Column of the integer labels, counted from 0.", unit="name", default="label", min_length=1
    )

    def read(self) -> DataSet:
        """Read two files in the layout of the common hubs: an image is binary, or a struct with a field "bytes".

        Raises:
            PlasticityError: If a file or row is damaged, or an image has another size than the others.
        """
        train_file, test_file = (
            _Images(path, self.image_column, self.label_column) for path in (self.train, self.test)
        )
        train_images = train_file.images(self.form)
        train_labels = train_file.labels()
        return DataSet(
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_file.images(self.form, like=train_images.shape[1:]),
            test_labels=test_file.labels(),
            class_names=numbered_classes(train_labels),
            source=", ".join(f"{path} (SHA-256 {sha256_of(path)})" for path in (self.train, self.test)),
        )


def _samples(folder: str) -> tuple[list[str], list[tuple[str, int]]]:
    from torchvision.datasets import ImageFolder  # noqa: PLC0415 - seconds of start-up that Parquet files do not need

    try:
        listing = ImageFolder(folder)
    except OSError as error:
        raise PlasticityError(f"{folder}: expected one subfolder of images per class, got: {one_line(error)}") from None
    return listing.classes, listing.samples


def _decode_samples(
    samples: list[tuple[str, int]], form: ImageForm, like: tuple[int, ...] | None = None
) -> NDArray[np.uint8]:
    return decode_images(((path, Path(path)) for path, _ in samples), count=len(samples), form=form, like=like)


class _Images:
    """One Parquet file of images, read in batches of rows with its page checksums verified."""

    def __init__(self, path: str, image_column: str, label_column: str) -> None:
        self.path = path
        try:
            self.file = pq.ParquetFile(path, page_checksum_verification=True)
        except FileNotFoundError:
            raise PlasticityError(f"{path}: expected a Parquet file of images, got no file") from None
        except (pa.ArrowException, OSError) as error:
            raise PlasticityError(f"{path}: expected a Parquet file of images, got: {one_line(error)}") from None
        self.rows = self.file.metadata.num_rows
        if self.rows == 0:
            raise PlasticityError(f"{path}: expected at least one image, got no row")
        image_type = self._type_of(image_column)
        self.in_struct = pa.types.is_struct(image_type) and image_type.get_field_index("bytes") >= 0
        if not self.in_struct and not _is_binary(image_type):
            wanted = 'binary or a struct with a field "bytes"'
            raise PlasticityError(f"{path}: expected column {image_column!r} to be {wanted}, got {image_type}")
        label_type = self._type_of(label_column)
        if not pa.types.is_integer(label_type):
            raise PlasticityError(f"{path}: expected column {label_column!r} to hold integers, got {label_type}")
        self.image_column, self.label_column = image_column, label_column

    def images(self, form: ImageForm, like: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
        """Decode all images, uint8 of shape (N, H, W, C), of the shape `like` where it is given."""
        return decode_images(self._encoded(), count=self.rows, form=form, like=like)

    def labels(self) -> NDArray[np.int64]:
        """Read all labels, int64 of shape (N,).

        Raises:
            PlasticityError: If a label is missing.
        """
        columns = [batch.column(0) for batch in self._batches(self.label_column)]
        labels = pa.chunked_array(columns).cast(pa.int64(), safe=False)
        if labels.null_count:
            row = labels.is_null().to_pylist().index(True)
            raise PlasticityError(f"{self.path} row {row}: expected a label, got none")
        return labels.to_numpy()

    def _encoded(self) -> Iterator[tuple[str, bytes]]:
        row = 0
        for batch in self._batches(f"{self.image_column}.bytes" if self.in_struct else self.image_column):
            column = batch.column(0)
            for value in column.field("bytes") if self.in_struct else column:
                yield f"{self.path} row {row}", value.as_py() or b""
                row += 1

    def _batches(self, column: str) -> Iterator[pa.RecordBatch]:
        try:
            yield from self.file.iter_batches(_BATCH, columns=[column])
        except (pa.ArrowException, OSError) as error:
            raise PlasticityError(f"{self.path}: expected undamaged pages, got: {one_line(error)}") from None

    def _type_of(self, column: str) -> pa.DataType:
        schema = self.file.schema_arrow
        if column not in schema.names:
            raise PlasticityError(f"{self.path}: expected a column {column!r}, got the columns {schema.names}")
        return schema.field(column).type


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
