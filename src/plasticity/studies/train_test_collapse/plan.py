"""The train-test study: arms, the iterations of their checkpoints, and the jobs that carry seeds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plasticity.config.analysis_section import Family, TransferAnalysis
from plasticity.config.component import Chosen
from plasticity.config.page_slices import PublishedSettings, TrainTestDisplay
from plasticity.config.slices import (
    AssembleVariancesSettings,
    MeasureVariancesSettings,
    PartsSettings,
    PreTrainSettings,
    TransferSettings,
)
from plasticity.config.training_section import IterationTraining, Optimisation
from plasticity.config.usual_label import usual_label
from plasticity.storage.files import digest_of
from plasticity.studies.plan import StudyPlan
from plasticity.studies.train_test_collapse.section import FirstTraining, TrainTestArm, TrainTestSection


@dataclass(frozen=True)
class PlannedArm:
    """A row of the study: on what the network is trained, how, and whether it goes on to a next task.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list.
        experiment: That key.
        label: What figures call it.
        model: The network.
        parts: Sizes of the first task's images, and its super-classes.
        training: The training on the first task.
        checkpoints: Iterations at which its weights are kept.
    """

    name: str
    experiment: str
    label: str
    model: Chosen
    parts: PartsSettings
    training: FirstTraining
    checkpoints: tuple[int, ...]

    @property
    def goes_on(self) -> bool:
        """Whether it is trained on a next task: the classes inside its super-classes."""
        return self.parts.super_classes is not None


@dataclass(frozen=True)
class TrainTestPlan(StudyPlan[PlannedArm, TrainTestSection]):
    """The train-test study of a checked configuration."""

    name: str = "train_test_collapse"

    @cached_property
    def arms(self) -> dict[str, PlannedArm]:
        """Arms by name, in the order of the configuration."""
        return {name: self._arm(experiment, name, arm) for experiment, name, arm in self.singles()}

    @property
    def rates(self) -> dict[str, float]:
        """Learning rates of the next task, by the name of their jobs."""
        return {f"rate{rate:.15g}": rate for rate in self.section.next_task.learning_rates}

    @property
    def transfers(self) -> list[str]:
        """Names of the arms that go on to a next task."""
        return [name for name, arm in self.arms.items() if arm.goes_on]

    @cached_property
    def weight_decays(self) -> dict[str, dict[str, float]]:
        """Weight decay on the first task by arm, ascending, of each family of arms that go on to a next task.

        Arms of a family differ in nothing but weight decay. A family has the name of its arm with the least; of two
        arms that are the same but for their names it has the first.
        """
        families: dict[str, dict[float, str]] = {}
        for name in self.transfers:
            arm = self.arms[name]
            rest = {key: value for key, value in _without_checkpoints(arm).items() if key != "weight_decay"}
            same = [arm.model.model_dump(), arm.parts.plain(), rest, arm.checkpoints]
            families.setdefault(digest_of(same), {}).setdefault(arm.training.weight_decay, name)
        ordered = [{family[decay]: decay for decay in sorted(family)} for family in families.values()]
        return {next(iter(family)): family for family in ordered}

    @property
    def variance_files(self) -> list[str]:
        """Tables of all measuring jobs."""
        return [f"{self.folder}/variances/{arm}/{group}.parquet" for arm in self.arms for group in self.groups]

    @property
    def transfer_files(self) -> list[str]:
        """Tables of all jobs of the next task."""
        return [
            f"{self.folder}/transfer/{arm}/{group}/{rate}.parquet"
            for arm in self.transfers
            for group in self.groups
            for rate in self.rates
        ]

    def correlate_settings(self) -> TransferAnalysis:
        """Return what the correlations of the study read."""
        families = [Family(name=name, weight_decays=decays) for name, decays in self.weight_decays.items()]
        return TransferAnalysis(**dict(self.section.analysis), families=tuple(families))

    def pre_train_settings(self, arm: str) -> PreTrainSettings:
        """Return what the stage of the first task reads."""
        found = self.arms[arm]
        return PreTrainSettings(
            study=self.name,
            dataset=self.config.dataset.name,
            arm=arm,
            model=found.model,
            parts=found.parts,
            training=IterationTraining.of_section(found.training),
            checkpoints=found.checkpoints,
        )

    def measure_settings(self, arm: str) -> MeasureVariancesSettings:
        """Return what the measuring stage reads."""
        found, measure = self.arms[arm], self.section.measure
        starts = found.goes_on and measure.most_images()
        return MeasureVariancesSettings(
            experiment=found.experiment,
            arm=arm,
            model=found.model,
            parts=self.section.next_task.after(found.parts) if starts else found.parts,
            measure=measure,
            training=Optimisation.of_section(found.training) if measure.probe else None,
        )

    def transfer_settings(self, arm: str, rate: str) -> TransferSettings:
        """Return what the stage of the next task reads, for one learning rate."""
        found, after = self.arms[arm], self.section.next_task
        return TransferSettings(
            experiment=found.experiment,
            arm=arm,
            model=found.model,
            parts=after.after(found.parts),
            training=IterationTraining.of_section(after, learning_rate=self.rates[rate]),
        )

    def assemble_settings(self) -> AssembleVariancesSettings:
        """Return what the tables of the study are assembled from."""
        return AssembleVariancesSettings(arms=tuple(self.arms))

    def display_settings(self) -> TrainTestDisplay:
        """Return what figures and findings read beside the tables."""
        return TrainTestDisplay(
            arms=tuple(self.arms),
            labels=self.labels,
            analysis=self.section.analysis,
            experiments={name: arm.experiment for name, arm in self.arms.items()},
            weight_decays=self.weight_decays,
        )

    def published_settings(self) -> PublishedSettings:
        """Return what decides whether published shapes can be compared with the run's, and how sure those are."""
        arms = {
            arm.name: {"model": arm.model.model_dump(), **arm.parts.plain(), "training": _without_checkpoints(arm)}
            for arm in self.arms.values()
        }
        given = {"dataset": self.config.dataset, "next_task": self.section.next_task, "analysis": self.section.analysis}
        return PublishedSettings(
            confidence=self.section.analysis.confidence,
            shared={name: each.given() for name, each in given.items()},
            arms=arms,
            experiments=self.members,
        )

    def _arm(self, experiment: str, name: str, arm: TrainTestArm) -> PlannedArm:
        section = self.section
        training = section.training.overridden(arm.training.given() if arm.training else {})
        return PlannedArm(
            name=name,
            experiment=experiment,
            label=arm.label or usual_label(name),
            model=getattr(arm, "model", None) or section.model,
            parts=section.parts_of(arm),
            training=training,
            checkpoints=checkpoints(training.iterations, training.checkpoints),
        )


def _without_checkpoints(arm: PlannedArm) -> dict[str, Any]:
    return {key: value for key, value in arm.training.given().items() if key != "checkpoints"}


def checkpoints(iterations: int, count: int) -> tuple[int, ...]:
    """Return iterations in equal ratios from 1 to the last, `count` at most, and 0, the network before training.

    Variances change most in the first iterations. The first ones of an equal ratio fall together, and are kept once.
    """
    ratio = iterations ** (1 / max(count - 1, 1))
    found = {round(iterations / ratio**place) for place in range(count)}
    return tuple(sorted({0, iterations, *found}))
