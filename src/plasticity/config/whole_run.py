"""Sections of the configuration that no study has: the data set, and how the work is cut into jobs."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from plasticity.config.component import Chosen
from plasticity.config.settings import Settings, Several, setting

Positive = Annotated[float, Field(gt=0)]


class Normalise(Settings):
    """Mean and standard deviation of each channel."""

    mean: tuple[float, ...] = setting(
        "Mean of each channel, as a fraction of the full scale 255.", unit="fraction", min_length=1
    )
    std: tuple[Positive, ...] = setting(
        "Standard deviation of each channel, as a fraction of the full scale 255.", unit="fraction", min_length=1
    )


class DataSetSettings(Settings):
    """Images and labels that all networks are trained on; null removes an option set in config.yaml."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"x-component": "reader", "x-key": "reader"})

    name: str = setting(
        "Name of the folders results/data/<name> and results/<study>/<name>.",
        unit="name",
        pattern=r"^[a-z0-9][a-z0-9_.-]*$",
    )
    reader: str = setting("Reader of the images.", unit="name")
    class_names: Several[Annotated[str, Field(min_length=1)]] | None = setting(
        "Class names in the order of their labels; if absent, the reader's.",
        unit="name",
        default=None,
    )
    normalise: Normalise | None = setting(
        "Subtract mean and divide by std per channel; if absent, both are computed from the training set. The "
        "permuted study uses pixels in [0, 1] without normalisation.",
        unit="mapping",
        default=None,
    )

    @property
    def chosen_reader(self) -> Chosen:
        """The reader and its parameters."""
        options: dict[str, Any] = dict(self.__pydantic_extra__ or {})
        return Chosen(name=self.reader, **options)


class Jobs(Settings):
    """How the work is divided into jobs; does not affect any number."""

    fine_tunings_per_job: int = setting(
        "Checkpoints per fine-tuning job, all its seeds together; at least one of each seed.",
        unit="checkpoints",
        ge=1,
    )
    seeds_per_job: int = setting("Seeds per job; changing it retrains first tasks.", unit="seeds", ge=1)
