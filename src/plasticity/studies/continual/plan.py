"""The permuted study: experiments and their arms, the first tasks they share, and the jobs that carry seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from plasticity.config.analysis_section import CausalDesignSettings, CausesSettings, ContinualAnalysis
from plasticity.config.component import Chosen
from plasticity.config.page_slices import ContinualDisplay, ExperimentSettings, PublishedSettings
from plasticity.config.slices import (
    AssembledArm,
    AssembleTasksSettings,
    Branch,
    ExplainSettings,
    FirstTaskSettings,
    FollowingSettings,
    FollowingTraining,
)
from plasticity.config.training_section import Optimisation
from plasticity.config.usual_label import usual_label
from plasticity.studies.causal_design import Numbers, causal_design_settings, numbers_of
from plasticity.studies.continual.section import ContinualArm, ContinualSection, FirstTask, Following
from plasticity.studies.naming import PLAIN, network_name, training_name
from plasticity.studies.plan import StudyPlan

BASELINE = "random_init"
"""Experiment whose arms every plasticity gap is measured against: a fresh network for every task."""

# Shrinking to nothing and adding a whole fresh network is a new initialisation.
_RESET = {"name": "shrink_perturb", "shrink": 0.0, "perturb": 1.0, "batch_norm": "fresh"}

_LENGTHS = ("epochs", "max_epochs")


@dataclass(frozen=True)
class PermutedArm:
    """A row of the study: how the first task is trained, what follows.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list.
        experiment: That key.
        label: What figures call it.
        model: Its network.
        training: That of its first task.
        first_task: Name of that training and its network, whatever its length; arms that train the first task alike
            share it.
        epochs: Length of the first task; None if a threshold ends it.
        nc1_below: The threshold of NC1 that ends the first task; None for a fixed length.
        max_epochs: Epochs after which the threshold counts as not reached; None for a fixed length.
        following: Training on the following tasks, and how many.
        intervention: What is done to the network; None for nothing.
        intervene_after: When it is done.
        reference: Name of the baseline that trains this arm's network as it does on the following tasks.
    """

    name: str
    experiment: str
    label: str
    model: Chosen
    training: FirstTask
    first_task: str
    epochs: int | None
    nc1_below: float | None
    max_epochs: int | None
    following: Following
    intervention: Chosen | None
    intervene_after: Literal["first_task", "every_task"]
    reference: str

    @property
    def branch(self) -> Branch:
        """What the stage of the following tasks reads of the arm."""
        return Branch(
            name=self.name,
            first_task=self.first_task,
            epochs=self.epochs,
            nc1_below=self.nc1_below,
            max_epochs=self.max_epochs,
            tasks=self.following.tasks,
            following=FollowingTraining.of_section(self.following),
            intervention=self.intervention,
            intervene_after=self.intervene_after,
        )


@dataclass(frozen=True)
class PermutedPlan(StudyPlan[PermutedArm, ContinualSection]):
    """The permuted study of a checked configuration."""

    name: str = "permuted"

    @cached_property
    def arms(self) -> dict[str, PermutedArm]:
        """Arms by name: the baselines first, then those of the configuration in its order."""
        given = [self._arm(experiment, name, arm) for experiment, name, arm in self.singles()]
        return {arm.name: arm for arm in [*self._baselines(given), *given]}

    @cached_property
    def first_tasks(self) -> dict[str, list[PermutedArm]]:
        """Arms by the training of the first task that they share."""
        found: dict[str, list[PermutedArm]] = {}
        for arm in self.arms.values():
            found.setdefault(arm.first_task, []).append(arm)
        return found

    def first_task_of(self, experiment: str) -> list[str]:
        """Return the first-task trainings that an experiment's arms branch off."""
        return list(dict.fromkeys(arm.first_task for arm in self.experiments[experiment]))

    def trained(self, file: str, first_tasks: Sequence[str], groups: Iterable[str]) -> list[str]:
        """Return a file, such as "history.parquet", of the jobs of first-task trainings."""
        return [f"{self.folder}/first_task/{name}/{group}/{file}" for name in first_tasks for group in groups]

    @property
    def following_files(self) -> list[str]:
        """Tables of all jobs of the following tasks."""
        names = self.experiments
        return [f"{self.folder}/following_tasks/{name}/{group}.parquet" for name in names for group in self.groups]

    def first_task_settings(self, first_task: str) -> FirstTaskSettings:
        """Return what the stage of the first task reads."""
        arms = self.first_tasks[first_task]
        thresholds = sorted({arm.nc1_below for arm in arms if arm.nc1_below is not None}, reverse=True)
        return FirstTaskSettings(
            **self._shared(),
            model=arms[0].model,
            training=first_task,
            first_task=Optimisation.of_section(arms[0].training),
            epochs=tuple(sorted({arm.epochs for arm in arms if arm.epochs is not None})),
            thresholds=tuple(thresholds),
            max_epochs=max((arm.max_epochs for arm in arms if arm.max_epochs is not None), default=0),
        )

    def following_settings(self, experiment: str) -> FollowingSettings:
        """Return what the stage of the following tasks reads."""
        arms = self.experiments[experiment]
        branches = tuple(arm.branch for arm in arms)
        return FollowingSettings(**self._shared(), model=arms[0].model, experiment=experiment, arms=branches)

    @cached_property
    def causal_design(self) -> CausalDesignSettings:
        """The arms as an experiment: those that learn the following tasks alike, without an intervention.

        The state of a network is measured before it is intervened on. The control is the first arm whose first task is
        that of the study.
        """
        given = [arm for arm in self.arms.values() if not arm.experiment.startswith(BASELINE)]
        alike = {arm.name: arm for arm in given if arm.reference == BASELINE and arm.intervention is None}
        epochs = self.section.first_task.epochs
        plain = [name for name, arm in alike.items() if arm.first_task == PLAIN and arm.epochs == epochs]
        numbers = {name: numbers_of(_without(arm.training, *_LENGTHS), None) | _end(arm) for name, arm in alike.items()}
        return causal_design_settings(plain[0] if plain else "", numbers)

    def causes_settings(self) -> CausesSettings:
        """Return what the stage that asks for causes reads."""
        return CausesSettings(**dict(self.causal_design), confidence=self.section.analysis.confidence)

    def correlate_settings(self) -> ContinualAnalysis:
        """Return what the correlations read."""
        return self.section.analysis.model_copy(update={"beyond": None})

    def explain_settings(self) -> ExplainSettings:
        """Return what the stage that compares explanations reads."""
        return ExplainSettings(
            confidence=self.section.analysis.confidence,
            losses=("plasticity_gap", "test_gap"),
            references=tuple(arm.name for arm in self.arms.values() if arm.experiment.startswith(BASELINE)),
            beyond=self.section.analysis.beyond or (),
        )

    def assemble_settings(self) -> AssembleTasksSettings:
        """Return what the table of the study is assembled from."""
        keys = AssembledArm.model_fields
        arms = [AssembledArm(**{key: getattr(arm, key) for key in keys}) for arm in self.arms.values()]
        return AssembleTasksSettings(arms=tuple(arms))

    def published_settings(self) -> PublishedSettings:
        """Return what decides whether published numbers can be compared with the run's, and how sure those are."""
        keys, tasks = ("model", "train_size", "analysis"), self.section.tasks
        dataset = self.config.dataset.given()
        if tasks.name != "permuted_pixels":  # the tasks of most that is published
            dataset["reader"] += f" ({tasks.name})"
        own = [arm for arm in self.arms.values() if arm.model == self.section.model]  # claims are of one network
        arms = {
            arm.name: {
                "first_task": _without(arm.training, *_LENGTHS),
                "epochs": arm.epochs,
                "nc1_below": arm.nc1_below,
                "following": arm.following.given(),
                "intervention": arm.intervention and arm.intervention.model_dump(),
            }
            for arm in own
        }
        experiments = {
            name: ExperimentSettings(
                arms=tuple(arm.name for arm in arms_of), nc1_below=tuple(arm.nc1_below for arm in arms_of)
            )
            for name, arms_of in self.experiments.items()
            if arms_of[0] in own
        }
        said = self.section.given()
        shared = {"dataset": dataset, **{key: said[key] for key in keys}, **tasks.parameters}
        level = self.section.analysis.confidence
        return PublishedSettings(confidence=level, shared=shared, arms=arms, experiments=experiments)

    def display_settings(self) -> ContinualDisplay:
        """Return what figures and findings read beside the tables."""
        return ContinualDisplay(
            arms=tuple(self.arms),
            labels=self.labels,
            analysis=self.section.analysis,
            experiments={name: arm.experiment for name, arm in self.arms.items()},
            causal_design=self.causal_design,
        )

    def _baselines(self, given: list[PermutedArm]) -> list[PermutedArm]:
        """Return a fresh network's arm for every way in which arms train networks on the following tasks.

        What an arm is measured against differs from it in nothing but its past, so it trains as the arm does; it goes
        as far as the arm that goes furthest. Figures and tables name it after the first of its arms.
        """
        found: dict[str, PermutedArm] = {}
        for arm in sorted(given, key=lambda arm: arm.following.tasks):
            said = {"first_task": _without(arm.following, "tasks"), "following": arm.following.given()}
            said |= {"model": arm.model.model_dump(), "intervention": _RESET, "intervene_after": "every_task"}
            network = network_name(arm.model, self.section.model)
            experiment = f"{BASELINE}_{network}" if network else BASELINE  # a job has networks of one kind
            found[arm.reference] = self._arm(experiment, arm.reference, ContinualArm.of(said))
        first = {arm.reference: arm for arm in reversed(given)}
        return [
            replace(found[name], label=f"{usual_label(BASELINE)} with {first[name].label}")
            if name != BASELINE
            else found[name]
            for name in dict.fromkeys(arm.reference for arm in given)
        ]

    def _shared(self) -> dict[str, Any]:
        keys = ("train_size", "tasks", "measure")
        return {key: getattr(self.section, key) for key in keys}

    def _arm(self, experiment: str, name: str, arm: ContinualArm) -> PermutedArm:
        section, first = self.section, arm.first_task.given() if arm.first_task else {}
        model = arm.model or section.model
        network = network_name(model, section.model)
        below = first.pop("nc1_below", None)
        training = section.first_task.overridden(first)
        following = section.following.overridden(arm.following.given() if arm.following else {})
        suffix = training_name(_without(following, "tasks"), section.following.given(), network)
        return PermutedArm(
            name=name,
            experiment=experiment,
            label=arm.label or usual_label(name),
            model=model,
            training=training,
            first_task=training_name(_without(training, *_LENGTHS), section.first_task.given(), network),
            epochs=training.epochs if below is None else None,
            nc1_below=below,
            max_epochs=None if below is None else training.max_epochs,
            following=following,
            intervention=arm.intervention,
            intervene_after=arm.intervene_after or "first_task",
            reference=BASELINE if suffix == PLAIN else f"{BASELINE}_{suffix}",
        )


def _without(training: FirstTask | Following, *keys: str) -> dict[str, Any]:
    """Return what is said of a training, but for some keys."""
    return {key: value for key, value in training.given().items() if key not in keys}


def _end(arm: PermutedArm) -> Numbers:
    """Return the number that ends an arm's first task."""
    if arm.nc1_below is not None:
        return {"first-task NC1 threshold": arm.nc1_below}
    return {"first-task epochs": float(arm.epochs or 0)}
