"""The registry of readers: a configuration's `dataset.reader` names one of them.

A reader is a function whose keyword-only parameters are the settings it takes; it returns a `DataSet`. To add one,
write the function and enter it in `READERS`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from plasticity.data.dataset import DataSet
from plasticity.data.digits import read_digits
from plasticity.data.idx import read_fashion_mnist, read_mnist
from plasticity.data.image_files import read_image_folder, read_parquet
from plasticity.data.torchvision_sets import read_cifar10, read_cifar100, read_stl10, read_svhn
from plasticity.errors import PlasticityError

READERS: dict[str, Callable[..., DataSet]] = {
    "digits": read_digits,
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "mnist": read_mnist,
    "fashion_mnist": read_fashion_mnist,
    "svhn": read_svhn,
    "stl10": read_stl10,
    "image_folder": read_image_folder,
    "parquet": read_parquet,
}

_COMMON = ("name", "reader", "class_names", "normalise")  # settings of every reader


def read_data_set(settings: Mapping[str, Any]) -> DataSet:
    """Read the data set that the configuration's `dataset` section describes.

    Args:
        settings: `reader`, the reader's own settings, and optionally `class_names` to rename the classes.

    Raises:
        PlasticityError: If the reader is unknown, or one of its settings is unknown or missing.
    """
    name = settings.get("reader")
    if name not in READERS:
        raise PlasticityError(
            f"dataset.reader: expected one of {', '.join(READERS)}, got {name!r}{_near(name, READERS)}"
        )
    options = {key: value for key, value in settings.items() if key not in _COMMON}
    _check_options(str(name), options)
    data = READERS[str(name)](**options)
    if settings.get("class_names") is not None:
        data = replace(data, class_names=tuple(str(label) for label in settings["class_names"]))
    return data


def _check_options(reader: str, options: Mapping[str, Any]) -> None:
    known = inspect.signature(READERS[reader]).parameters
    for key in options:
        if key not in known:
            names = ", ".join([*known, *_COMMON])
            raise PlasticityError(f"dataset.{key}: expected a setting of reader {reader} ({names}){_near(key, known)}")
    for key, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and key not in options:
            raise PlasticityError(f"dataset.{key}: expected this setting of reader {reader}, got none")


def _near(name: Any, known: Mapping[str, Any]) -> str:
    near = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
