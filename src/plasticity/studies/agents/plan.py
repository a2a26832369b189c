"""The study of agents: an arm per entry of the configuration and environment, and the jobs that carry seeds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plasticity.config.agent_section import QLearning, RewardKind
from plasticity.config.agent_slices import (
    AssembleAgentsSettings,
    AssembledAgents,
    FalsifySettings,
    MeasureAgentsSettings,
    TrainAgentsSettings,
)
from plasticity.config.component import Chosen
from plasticity.config.page_slices import AgentsDisplay, PublishedSettings
from plasticity.studies.agents.section import AgentArm, AgentsSection, AgentTraining
from plasticity.studies.naming import network_name
from plasticity.studies.plan import StudyPlan


@dataclass(frozen=True)
class PlannedAgents:
    """A row of the study: the agents of an arm in an environment.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list, and the environment.
        experiment: That key.
        label: What figures call it.
        environment: What the agents act in.
        model: The network.
        training: How they learn, for how long.
        intervention: What is done at every update of the target network; None for nothing.
    """

    name: str
    experiment: str
    label: str
    environment: RewardKind
    model: Chosen
    training: AgentTraining
    intervention: Chosen | None

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """Steps at which weights are kept; 0 is before training."""
        return tuple(range(0, self.training.steps + 1, self.training.checkpoint_every))

    @property
    def learning(self) -> QLearning:
        """How the agents learn, however long."""
        return QLearning(**{key: getattr(self.training, key) for key in QLearning.model_fields})


@dataclass(frozen=True)
class AgentsPlan(StudyPlan[PlannedAgents, AgentsSection]):
    """The study of agents of a checked configuration."""

    name: str = "agents"

    @cached_property
    def arms(self) -> dict[str, PlannedAgents]:
        """Arms by name, in the order of the configuration; each in all environments."""
        found = [
            self._arm(experiment, name, arm, environment)
            for experiment, name, arm in self.singles()
            for environment in self.section.environments
        ]
        return {arm.name: arm for arm in found}

    @property
    def checkpoint_files(self) -> list[str]:
        """Tables of all measuring jobs."""
        return [f"{self.folder}/agent_checkpoints/{arm}/{group}.parquet" for arm in self.arms for group in self.groups]

    @property
    def history_files(self) -> list[str]:
        """Histories of all trainings, in the order of `history_arms`."""
        names = [(arm, group) for arm in self.arms for group in self.groups]
        return [f"{self.folder}/train_agents/{arm}/{group}/history.parquet" for arm, group in names]

    @property
    def history_arms(self) -> list[str]:
        """The arm of each of these histories."""
        return [arm for arm in self.arms for _ in self.groups]

    def train_settings(self, arm: str) -> TrainAgentsSettings:
        """Return what the training stage reads."""
        found = self.arms[arm]
        return TrainAgentsSettings(
            **self._seen(found),
            learning=found.learning,
            checkpoints=found.checkpoints,
            intervention=found.intervention,
        )

    def measure_settings(self, arm: str) -> MeasureAgentsSettings:
        """Return what the measuring stage reads."""
        found, measure = self.arms[arm], self.section.measure
        training = found.learning.optimisation if measure.probe else None
        return MeasureAgentsSettings(
            **self._seen(found), two_hot=found.training.two_hot, measure=measure, training=training
        )

    def assemble_settings(self) -> AssembleAgentsSettings:
        """Return what the table of the study is assembled from."""
        arms = [
            AssembledAgents(
                name=arm.name,
                network=self._network(arm.model),
                optimizer=_optimizer(arm.training),
                target_period=arm.training.target_period,
            )
            for arm in self.arms.values()
        ]
        return AssembleAgentsSettings(arms=tuple(arms))

    def falsify_settings(self) -> FalsifySettings:
        """Return what the falsification test reads."""
        return FalsifySettings(confidence=self.section.analysis.confidence)

    def display_settings(self) -> AgentsDisplay:
        """Return what figures and findings read beside the tables."""
        return AgentsDisplay(arms=tuple(self.arms), labels=self.labels, analysis=self.section.analysis)

    def published_settings(self) -> PublishedSettings:
        """Return what decides whether published shapes can be compared with the run's, and how sure those are."""
        arms: dict[str, Any] = {
            arm.name: {
                "environment": arm.environment,
                "model": arm.model.model_dump(),
                "training": arm.training.plain(),
                "intervention": arm.intervention and arm.intervention.model_dump(),
            }
            for arm in self.arms.values()
        }
        shared: dict[str, Any] = {
            "dataset": self.config.dataset.given(),
            "train_size": self.section.train_size,
            "measure": self.section.measure.given(),
            "networks": sorted({arm.model.name for arm in self.arms.values()}),
            "optimizers": sorted({_optimizer(arm.training) for arm in self.arms.values()}),
        }
        return PublishedSettings(
            confidence=self.section.analysis.confidence,
            shared=shared,
            arms=arms,
            experiments=self.members,
        )

    def _arm(self, experiment: str, name: str, arm: AgentArm, environment: RewardKind) -> PlannedAgents:
        section, label = self.section, arm.label or name.replace("_", " ")
        several = len(section.environments) > 1
        return PlannedAgents(
            name=f"{name}_{environment}",
            experiment=experiment,
            label=f"{label}, {environment.replace('_', ' ')}" if several else label,
            environment=environment,
            model=arm.model or section.model,
            training=section.training.overridden(arm.training.given() if arm.training else {}),
            intervention=arm.intervention,
        )

    def _seen(self, arm: PlannedAgents) -> dict[str, Any]:
        return {
            "experiment": arm.experiment,
            "arm": arm.name,
            "environment": arm.environment,
            "train_size": self.section.train_size,
            "model": arm.model,
        }

    def _network(self, model: Chosen) -> str:
        return network_name(model, self.section.model) or self.section.model.name


def _optimizer(training: AgentTraining) -> str:
    return training.optimizer.name if training.optimizer else "sgd"
