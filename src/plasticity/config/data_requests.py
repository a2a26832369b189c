"""What the sections of a configuration ask of the data set, and what was found when it was last checked."""

from typing import Annotated, Literal

from pydantic import Field

from plasticity.config.settings import Settings
from plasticity.config.slices import PartsSettings, SequenceSettings, SplitSettings


class HalvesAsked(SplitSettings):
    """Images of warm starting."""

    test_size: int | None


class SequenceAsked(SequenceSettings):
    """A sequence of tasks, and how many of them."""

    number: int


class Request(Settings):
    """What a section asks of the data set.

    Attributes:
        section: Name of the section.
        places: Where a key of the settings stands that an arm gives itself, such as "permuted.arms.large".
        measured: Images of a task that parts of `measure` ask for, by their keys.
    """

    section: str
    places: dict[str, str] = Field(default_factory=dict)
    measured: dict[str, int] = Field(default_factory=dict)


class HalvesRequest(Request):
    """Images that `plasticity.tasks.halves` draws."""

    draw: Literal["halves"] = "halves"
    settings: HalvesAsked


class SequenceRequest(Request):
    """Tasks that `plasticity.tasks.sequence` makes."""

    draw: Literal["sequence"] = "sequence"
    settings: SequenceAsked


class PartsRequest(Request):
    """Images that `plasticity.tasks.super_classes` draws."""

    draw: Literal["super_classes"] = "super_classes"
    settings: PartsSettings


DataRequest = HalvesRequest | SequenceRequest | PartsRequest


class PreparedBy(Settings):
    """What a data set is prepared by: its settings as text, and the fingerprint of the code."""

    settings: str
    code: str


class CheckDataSettings(Settings):
    """What the check of the data set is asked."""

    requests: tuple[Annotated[DataRequest, Field(discriminator="draw")], ...]
    prepared: PreparedBy


class Counted(Settings):
    """What a prepared data set has: images of each class, by its parts "train" and "test"."""

    name: str
    class_names: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
