"""What every reader component is: parameters, and a function that returns a `DataSet`."""

from abc import abstractmethod
from dataclasses import replace

from plasticity.config.component import Component
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.dataset import DataSet
from plasticity.errors import PlasticityError


class Reader(Component, kind="reader"):
    """A source of labelled images; its fields are what a configuration says beside `dataset.reader`."""

    @abstractmethod
    def read(self) -> DataSet:
        """Read the images, as they are: `plasticity.stages.prepare` checks them."""
        raise NotImplementedError


def read_data_set(settings: DataSetSettings) -> DataSet:
    """Read the data set that the configuration's `dataset` section describes.

    Args:
        settings: The reader with its own settings, and the classes' names if they are to be renamed.

    Raises:
        PlasticityError: If the reader is unknown, one of its settings is unknown or missing, or it makes no `DataSet`.
    """
    data = settings.chosen_reader.make(Reader, where="dataset").read()
    if not isinstance(data, DataSet):
        raise PlasticityError(f"reader {settings.reader}: expected a DataSet, got {type(data).__name__}")
    return data if settings.class_names is None else replace(data, class_names=settings.class_names)
