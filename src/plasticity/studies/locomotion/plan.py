"""The study of locomotion: an arm per entry of the configuration, and the jobs that carry seeds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plasticity.config.component import Chosen
from plasticity.config.locomotion_section import PolicyLearning
from plasticity.config.locomotion_slices import (
    AssembleLocomotionSettings,
    MeasurePoliciesSettings,
    TrainPolicySettings,
)
from plasticity.config.page_slices import AgentsDisplay, PublishedSettings
from plasticity.config.training_section import Optimisation
from plasticity.studies.locomotion.section import LocomotionArm, LocomotionSection
from plasticity.studies.plan import StudyPlan

_ADAM = Chosen(name="adam")


@dataclass(frozen=True)
class PlannedPolicy:
    """An arm of the study.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list.
        experiment: That key.
        label: What figures call it.
        model: Network of actor and critic.
        learning: How they learn.
    """

    name: str
    experiment: str
    label: str
    model: Chosen
    learning: PolicyLearning


@dataclass(frozen=True)
class LocomotionPlan(StudyPlan[PlannedPolicy, LocomotionSection]):
    """The study of locomotion of a checked configuration."""

    name: str = "locomotion"

    @cached_property
    def arms(self) -> dict[str, PlannedPolicy]:
        """Arms by name, in the order of the configuration."""
        return {name: self._arm(experiment, name, arm) for experiment, name, arm in self.singles()}

    @property
    def checkpoint_files(self) -> list[str]:
        """Tables of all measuring jobs."""
        return [f"{self.folder}/policy_checkpoints/{arm}/{group}.parquet" for arm in self.arms for group in self.groups]

    @property
    def history_files(self) -> list[str]:
        """Histories of all trainings, in the order of `history_arms`."""
        names = [(arm, group) for arm in self.arms for group in self.groups]
        return [f"{self.folder}/train_policy/{arm}/{group}/history.parquet" for arm, group in names]

    @property
    def history_arms(self) -> list[tuple[str, str]]:
        """Experiment and arm of each of these histories."""
        return [(arm.experiment, name) for name, arm in self.arms.items() for _ in self.groups]

    def train_settings(self, arm: str) -> TrainPolicySettings:
        """Return what the training stage reads."""
        return TrainPolicySettings(**self._walked(arm), learning=self.arms[arm].learning)

    def measure_settings(self, arm: str) -> MeasurePoliciesSettings:
        """Return what the measuring stage reads."""
        learning, measure = self.arms[arm].learning, self.section.measure
        training = Optimisation(optimizer=learning.optimizer or _ADAM, learning_rate=learning.learning_rate)
        return MeasurePoliciesSettings(
            **self._walked(arm), measure=measure, training=training if measure.probe else None
        )

    def assemble_settings(self) -> AssembleLocomotionSettings:
        """Return what the tables of the study are assembled from."""
        return AssembleLocomotionSettings(arms=tuple(self.arms), ground=self.section.ground)

    def display_settings(self) -> AgentsDisplay:
        """Return what figures and findings read beside the tables."""
        return AgentsDisplay(arms=tuple(self.arms), labels=self.labels, analysis=self.section.analysis)

    def published_settings(self) -> PublishedSettings:
        """Return what decides whether published shapes can be compared with the run's, and how sure those are."""
        arms: dict[str, Any] = {
            name: {"model": arm.model.model_dump(), "training": arm.learning.plain()} for name, arm in self.arms.items()
        }
        return PublishedSettings(
            confidence=self.section.analysis.confidence,
            shared={"ground": self.section.ground.plain()},
            arms=arms,
            experiments=self.members,
        )

    def _arm(self, experiment: str, name: str, arm: LocomotionArm) -> PlannedPolicy:
        return PlannedPolicy(
            name=name,
            experiment=experiment,
            label=arm.label or name.replace("_", " "),
            model=arm.model or self.section.model,
            learning=self.section.training.overridden(arm.training.given() if arm.training else {}),
        )

    def _walked(self, arm: str) -> dict[str, Any]:
        found = self.arms[arm]
        return {
            "experiment": found.experiment,
            "arm": arm,
            "ground": self.section.ground,
            "model": found.model,
        }
