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
    """Images and labels that all networks are trained on; null removes an option that config.yaml gives."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"x-component": "reader", "x-key": "reader"})

    name: str = setting(
        "Name of the folders results/data/<name> and results/<study>/<name>.",
        unit="name",
        pattern=r"^[a-z0-9][a-z0-9_.-]*$",
    )
    reader: str = setting("Which reader reads the images.", unit="name")
    class_names: Several[Annotated[str, Field(min_length=1)]] | None = setting(
        "Names of the classes in the order of their labels; absent, the reader's own.",
        unit="name",
        default=None,
    )
    normalise: Normalise | None = setting(
        "Subtract mean and divide by std, channel by channel; absent, both are computed from the training set. The "
        "permuted study takes pixels in [0, 1] as they are.",
        unit="mapping",
        default=None,
    )

    @property
    def chosen_reader(self) -> Chosen:
        """The reader and its parameters."""
        options: dict[str, Any] = dict(self.__pydantic_extra__ or {})
        return Chosen(name=self.reader, **options)


class Jobs(Settings):
    """How the work is cut into jobs; it changes no number."""

    fine_tunings_per_job: int = setting(
        "Checkpoints that one fine-tuning job carries, those of all its seeds together; at least one of each.",
        unit="checkpoints",
        ge=1,
    )
    seeds_per_job: int = setting(
        "Seeds that one job carries; first tasks that are cut into other jobs are trained again.", unit="seeds", ge=1
    )
