"""Encoded images (PNG, JPEG and whatever else Pillow reads) to arrays of one size and one number of channels."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plasticity.data.dataset import one_line
from plasticity.errors import PlasticityError

_MODES = {1: "L", 3: "RGB"}
_CHANNELS = {mode: channels for channels, mode in _MODES.items()}


@dataclass(frozen=True)
class ImageForm:
    """The form to bring images into; None leaves a property as it is, and then it must be the same for all images.

    Attributes:
        size: Height and width in pixels; images are resized bilinearly.
        channels: 1 for grayscale, 3 for RGB.
    """

    size: tuple[int, int] | None = None
    channels: int | None = None


def decode_images(
    sources: Iterable[tuple[str, bytes | Path]], *, count: int, form: ImageForm, like: tuple[int, ...] | None = None
) -> NDArray[np.uint8]:
    """Decode `count` images straight into one array: besides it, only one image at a time is in memory.

    Args:
        sources: For every image a name for messages, and its encoded bytes or the path of its file.
        count: Number of images in `sources`, at least one.
        form: The form to bring them into.
        like: The shape (H, W, C) that they must have then; None takes the first image's.

    Returns:
        uint8 of shape (count, H, W, C).

    Raises:
        PlasticityError: If an image cannot be decoded or has another size than the others.
    """
    images = None if like is None else np.empty((count, *like), dtype=np.uint8)
    for row, (name, source) in enumerate(sources):
        image = _decode(name, source, form)
        if images is None:
            images = np.empty((count, *image.shape), dtype=np.uint8)
        if image.shape != images.shape[1:]:
            hint = "set image_size or channels to convert all images"
            raise PlasticityError(f"{name}: expected {_size(images.shape[1:])}, got {_size(image.shape)}; {hint}")
        images[row] = image
    if images is None:
        raise PlasticityError("dataset: expected at least one image, got none")
    return images


def _decode(name: str, source: bytes | Path, form: ImageForm) -> NDArray[np.uint8]:
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            image.load()
            return _array(name, image, form)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        what = "no bytes" if source == b"" else one_line(error)
        raise PlasticityError(f"{name}: expected an encoded image, got {what}") from None


def _array(name: str, image: Image.Image, form: ImageForm) -> NDArray[np.uint8]:
    if form.channels is None and image.mode not in _CHANNELS:
        hint = "set channels to 1 or 3 to convert all images"
        raise PlasticityError(f"{name}: expected a grayscale (L) or RGB image, got mode {image.mode}; {hint}")
    if form.channels is not None:
        image = image.convert(_MODES[form.channels])
    if form.size is not None:
        height, width = form.size
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8).reshape(image.height, image.width, _CHANNELS[image.mode])


def _size(shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    return f"{height}x{width} pixels with {channels} channel{'s' if channels > 1 else ''}"
