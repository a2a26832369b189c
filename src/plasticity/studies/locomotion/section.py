"""The configuration of the study of locomotion: every key with its range, unit and meaning."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from plasticity.config.analysis_section import Analysis
from plasticity.config.component import Chosen, chosen
from plasticity.config.findings import Findings
from plasticity.config.locomotion_section import Ground, PolicyLearning
from plasticity.config.locomotion_slices import PolicyMeasure
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, setting
from plasticity.config.study_section import Arm, FigureStyle, NameOf, NameOfFigure, Section, Seed, arms_of
from plasticity.studies.locomotion.consistency import check_locomotion
from plasticity.studies.study_figures import figures_field


class LocomotionArm(Arm):
    """An experiment; without any key, its agents are trained with the study's settings."""

    model: Annotated[Chosen | None, chosen("model", "This arm's network; if absent, the study's.")] = None
    training: Annotated[Overrides | None, Overriding(PolicyLearning, single=())] = setting(
        "Training settings in which this arm differs.", unit="mapping", default=None
    )


class LocomotionSection(Section, study="locomotion"):
    """The study of locomotion; Slippery Ant (Dohare et al. 2024). It does not use the data set."""

    measured_trainings: ClassVar[tuple[str, ...]] = ("training",)

    seeds: Distinct[Seed] = setting(
        "One agent of every arm per seed; the arms of a seed have the same frictions.", unit="1"
    )
    ground: Ground
    model: Annotated[Chosen, chosen("model", "Network of actor and critic, one each: mlp, or one of your own.")]
    training: PolicyLearning
    arms: dict[NameOf, LocomotionArm] = arms_of(
        "Experiments: each is an arm or, with a list instead of a number, one arm per value. All others are compared "
        "with the first."
    )
    measure: PolicyMeasure
    analysis: Analysis
    figures: dict[NameOfFigure, FigureStyle] = figures_field(Path(__file__).parent)

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record environments that cannot be had, and lengths, networks and methods that do not fit."""
        usual = {key: each.default for key, each in PolicyLearning.model_fields.items()}
        check_locomotion(name, study, usual, findings)
