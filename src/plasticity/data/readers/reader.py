"""What every reader component is: parameters, and a function that returns a `DataSet`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plasticity.config.component import Chosen, Component
from plasticity.data.dataset import DataSet

_COMMON = ("name", "reader", "class_names", "normalise")  # settings of every data set


class Reader(Component, kind="reader"):
    """A source of labelled images; its fields are what a configuration says beside `dataset.reader`."""

    def read(self) -> DataSet:
        """Read the images, as they are: `plasticity.stages.prepare` checks them."""
        raise NotImplementedError


def read_data_set(settings: Mapping[str, Any]) -> DataSet:
    """Read the data set that the configuration's `dataset` section describes.

    Args:
        settings: `reader`, the reader's own settings, and optionally `class_names` to rename the classes.

    Raises:
        PlasticityError: If the reader is unknown, or one of its settings is unknown or missing.
    """
    options = {key: value for key, value in settings.items() if key not in _COMMON}
    data = Chosen(name=settings["reader"], **options).make(Reader, where="dataset").read()
    if settings.get("class_names") is not None:
        data = replace(data, class_names=tuple(str(label) for label in settings["class_names"]))
    return data
