"""What the sections of all studies share: seeds, arms, the analysis, figures."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from plasticity.config.arms_check import check_names_of_arms
from plasticity.config.data_requests import DataRequest
from plasticity.config.findings import Findings
from plasticity.config.messages import Location
from plasticity.config.settings import Distinct, Name, Settings, setting

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
NameOf = Annotated[str, Field(pattern=Name)]
NameOfFigure = Annotated[str, Field(pattern=rf"^({Name[1:-1]}|[A-Za-z_][\w.]*:\w+)$")]


class Arm(Settings):
    """An experiment of a study: the settings in which it differs."""

    label: str | None = setting(
        "Name of the arm in figures; if absent, its key with underscores replaced by spaces.",
        unit="text",
        default=None,
        min_length=1,
    )


class FigureStyle(Settings):
    """Style of one figure; absent keys keep the figure's defaults."""

    width: float | None = setting("Width of the figure.", unit="inches", default=None, ge=2, le=30)
    height: float | None = setting("Height of the figure.", unit="inches", default=None, ge=1, le=30)
    log_y: bool | None = setting(
        "Logarithmic y axis, in figures that support both; if absent, the figure's default.",
        unit="1",
        default=None,
    )
    font_size: float | None = setting(
        "Font size of axis labels; tick labels are one point smaller.", unit="points", default=None, ge=4, le=30
    )


class Section(Settings):
    """A section of the configuration, which is an instance of a study.

    Attributes:
        study_name: Name of the study.
        measured_trainings: Keys of the trainings whose networks are measured.
    """

    study_name: ClassVar[str] = ""
    measured_trainings: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, study: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.study_name = study

    study: str | None = setting(
        "Study of the section. A section with a custom name needs this key; it has all keys of this section and runs "
        "in addition to it.",
        unit="name",
        default=None,
    )
    seeds: Distinct[Seed] = setting("One run of every arm per seed.", unit="1")

    def data_requests(self, name: str) -> Sequence[DataRequest]:
        """Return what the section, which has this name, asks of the data set."""
        del name
        return []

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record what is wrong although every key by itself is right; overridden by studies that know more.

        Args:
            name: Name of the section.
            study: What it says, with an `arms` that is a mapping; places that `findings` touch are no base.
            findings: Gets what is wrong.
        """
        check_names_of_arms((name, "arms"), sound_arms(name, study, findings), findings)


def sound_arms(name: str, study: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """Return the arms of a section in which nothing was found wrong."""
    arms: Location = (name, "arms")
    return {arm: settings for arm, settings in study["arms"].items() if not findings.touch((*arms, arm))}


def arms_of(description: str) -> Any:
    """Declare the field `arms`: one or more experiments by name."""
    extra = {"unit": "mapping", "additionalProperties": False}
    return Field(description=description, min_length=1, json_schema_extra=extra)


def figures_of(known: Mapping[str, str], on_request: Sequence[str] = ()) -> Any:
    """Declare the field `figures`.

    Args:
        known: What each figure of the study shows, by name.
        on_request: Figures that not every run has the data for; they are drawn where the configuration names them. A
            null in config.yaml would not do: Snakemake's overlays cannot put a mapping in its place.
    """
    text = (
        "Style of figures. All figures of the study are drawn except those set to null here; `module:function` adds a "
        "figure from your own code."
    )
    if on_request:
        text += f" Drawn only if listed here: {', '.join(on_request)}."
    extra: dict[str, Any] = {"unit": "mapping", "x-names": list(known.items()), "x-on-request": list(on_request)}
    return Field(description=text, json_schema_extra=extra)
