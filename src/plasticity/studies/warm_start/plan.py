"""The warm-start study: arms, the warm-ups they share, checkpoints, and the jobs that carry fine-tunings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from plasticity.config.analysis_section import CausalDesignSettings, WarmStartCausesSettings
from plasticity.config.component import Chosen
from plasticity.config.page_slices import PublishedSettings, WarmStartDisplay
from plasticity.config.slices import (
    AssembleMetricsSettings,
    FineTuneSettings,
    InterveneSettings,
    MeasureCollapseSettings,
    MeasuredArm,
    SplitSettings,
    WarmUpSettings,
)
from plasticity.config.training_section import Optimisation
from plasticity.config.usual_label import usual_label
from plasticity.errors import PlasticityError
from plasticity.studies.causal_design import causal_design_settings, numbers_of
from plasticity.studies.naming import PLAIN, chunks, training_name
from plasticity.studies.plan import StudyPlan
from plasticity.studies.warm_start.section import WarmStartArm, WarmStartSection, WarmUp

_LENGTHS = ("epochs", "checkpoint_every")


@dataclass(frozen=True)
class Arm:
    """A named row of the study: how the first task is trained, and what follows.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list.
        experiment: That key.
        label: What figures call it.
        training: Its warm-up.
        warm_up: Name of that, whatever its length; arms that warm up alike share it.
        epochs: Its checkpoints, in warm-up epochs; (0,) is a network that has seen no data.
        intervention: Name and parameters of what is done to each checkpoint; None for nothing.
    """

    name: str
    experiment: str
    label: str
    training: WarmUp
    warm_up: str
    epochs: tuple[int, ...]
    intervention: Chosen | None

    @property
    def start(self) -> str:
        """Name of the checkpoints that fine-tuning starts from: the warm-up's own, or the arm's after intervening."""
        return self.name if self.intervention else self.warm_up


@dataclass(frozen=True)
class SharedWarmUp:
    """One training on the first task, shared by arms; `epochs` are all the checkpoints they ask for."""

    name: str
    training: Optimisation
    epochs: tuple[int, ...]


def refuse_shared_names(plans: Sequence["WarmStartPlan"]) -> None:
    """Refuse an arm that intervenes and has the name of a warm-up: both name folders of checkpoints.

    Raises:
        PlasticityError: If there is one, in whichever section.
    """
    warm_ups = {name for plan in plans for name in plan.warm_ups}
    for plan in plans:
        if taken := sorted(set(plan.interventions) & warm_ups):
            raise PlasticityError(
                f"{plan.name}.arms.{taken[0]}: expected a name that no warm-up has, got {taken[0]!r}, "
                f"which names the checkpoints of a warm-up; rename the arm"
            )


@dataclass(frozen=True)
class WarmStartPlan(StudyPlan[Arm, WarmStartSection]):
    """The warm-start study of a checked configuration."""

    name: str = "warm_start"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Arms by name, in the order of the configuration."""
        return {name: self._arm(experiment, name, arm) for experiment, name, arm in self.singles()}

    @cached_property
    def warm_ups(self) -> dict[str, SharedWarmUp]:
        """Warm-ups by name, each with the union of its arms' checkpoints."""
        found: dict[str, SharedWarmUp] = {}
        for arm in self.arms.values():
            epochs = set(arm.epochs) | set(found[arm.warm_up].epochs if arm.warm_up in found else ())
            training = Optimisation.of_section(arm.training)
            found[arm.warm_up] = SharedWarmUp(arm.warm_up, training, tuple(sorted(epochs)))
        return found

    @cached_property
    def starts(self) -> dict[str, tuple[int, ...]]:
        """Checkpoint epochs that are measured, by the name of the start they belong to."""
        measured: dict[str, set[int]] = {}
        for arm in self.arms.values():
            measured.setdefault(arm.start, set()).update(arm.epochs)
        return {start: tuple(sorted(epochs)) for start, epochs in measured.items()}

    @property
    def interventions(self) -> dict[str, Chosen]:
        """Interventions by the name of their arm."""
        return {name: arm.intervention for name, arm in self.arms.items() if arm.intervention}

    def chunks(self, arm: str) -> dict[str, tuple[int, ...]]:
        """Return the epochs that a fine-tuning job carries of each of its seeds, by names such as "epochs8-48"."""
        jobs = self.config.jobs
        return chunks(self.arms[arm].epochs, max(1, jobs.fine_tunings_per_job // jobs.seeds_per_job), "epochs")

    def exported(self, warm_up: str, group: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that an exporting job carries, one seed after another."""
        return list(product(self.groups[group], self.warm_ups[warm_up].epochs))

    def intervened(self, arm: str, group: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that an intervening job carries, one seed after another."""
        return list(product(self.groups[group], self.arms[arm].epochs))

    def measured(self, start: str, group: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that a measuring job carries, one seed after another."""
        return list(product(self.groups[group], self.starts[start]))

    def fine_tuned(self, arm: str, group: str, chunk: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that a fine-tuning job carries, one seed after another."""
        return list(product(self.groups[group], self.chunks(arm)[chunk]))

    def split_files(self, group: str) -> list[str]:
        """Return the splits of the seeds that a job carries."""
        return [f"{self.folder}/splits/seed{seed}.parquet" for seed in self.groups[group]]

    def manifest(self, start: str, group: str) -> str:
        """Return the manifest of the checkpoints of some seeds that measuring and fine-tuning start from."""
        return f"{self.folder}/checkpoints/{start}/{group}.json"

    @property
    def manifests(self) -> list[str]:
        """All manifests."""
        names = [*self.warm_ups, *self.interventions]
        return [self.manifest(name, group) for name in names for group in self.groups]

    @property
    def warm_up_histories(self) -> list[str]:
        """Histories of all warm-ups."""
        return [
            f"{self.folder}/warm_up/{name}/{group}/history.parquet" for name in self.warm_ups for group in self.groups
        ]

    @property
    def collapse_files(self) -> list[str]:
        """Tables of all measuring jobs."""
        return [f"{self.folder}/collapse/{start}/{group}.parquet" for start in self.starts for group in self.groups]

    def fine_tune_files(self, ending: str) -> list[str]:
        """Return files of all fine-tuning jobs: outcomes end in "parquet", histories in "history.parquet"."""
        return [
            f"{self.folder}/fine_tune/{arm}/{group}/{chunk}.{ending}"
            for arm in self.arms
            for group in self.groups
            for chunk in self.chunks(arm)
        ]

    def split_settings(self) -> SplitSettings:
        """Return what the split stage reads."""
        return SplitSettings(train_size=self.section.train_size, warm_up_fraction=self.section.warm_up_fraction)

    def warm_up_settings(self, warm_up: str) -> WarmUpSettings:
        """Return what the warm-up stage reads beside its seeds, so that a new seed reruns no other."""
        found = self.warm_ups[warm_up]
        return WarmUpSettings(
            warm_up=warm_up,
            model=self.section.model,
            training=found.training,
            precision=self.section.precision,
            epochs=found.epochs,
        )

    def intervene_settings(self, arm: str) -> InterveneSettings:
        """Return what the intervening stage reads."""
        return InterveneSettings(arm=arm, model=self.section.model, intervention=self.interventions[arm])

    def measure_settings(self, start: str) -> MeasureCollapseSettings:
        """Return what the measuring stage reads."""
        return MeasureCollapseSettings(
            start=start,
            model=self.section.model,
            test_size=self.section.test_size,
            batch_size=self.section.warm_up.batch_size,
            measure=self.section.measure,
            training=self._training_of(start) if self.section.measure.probe else None,
        )

    def costs_settings(self, warm_up: str) -> MeasureCollapseSettings:
        """Return what a warm-up's first start is measured by, for saying beforehand what that will cost."""
        return self.measure_settings(next(arm.start for arm in self.arms.values() if arm.warm_up == warm_up))

    def _training_of(self, start: str) -> Optimisation:
        """Return the training behind the checkpoints of a start."""
        return next(self.warm_ups[arm.warm_up].training for arm in self.arms.values() if arm.start == start)

    def fine_tune_settings(self, arm: str) -> FineTuneSettings:
        """Return what the fine-tuning stage reads."""
        return FineTuneSettings(
            arm=arm,
            model=self.section.model,
            training=Optimisation.of_section(self.section.fine_tune),
            stop_accuracy=self.section.fine_tune.stop_accuracy,
            max_epochs=self.section.fine_tune.max_epochs,
            precision=self.section.precision,
            test_size=self.section.test_size,
        )

    @cached_property
    def causal_design(self) -> CausalDesignSettings:
        """The arms as an experiment; the control is the first that warms up as the study says, without intervention."""
        warmed = {name: arm for name, arm in self.arms.items() if max(arm.epochs) > 0}
        plain = [name for name, arm in warmed.items() if arm.warm_up == PLAIN and arm.intervention is None]
        numbers = {name: numbers_of(_without_lengths(arm.training), arm.intervention) for name, arm in warmed.items()}
        return causal_design_settings(plain[0] if plain else "", numbers)

    def causes_settings(self) -> WarmStartCausesSettings:
        """Return what the stage that asks for causes reads."""
        analysis = self.section.analysis
        return WarmStartCausesSettings(
            **dict(self.causal_design), confidence=analysis.confidence, phase_boundary=analysis.phase_boundary
        )

    def assemble_settings(self) -> AssembleMetricsSettings:
        """Return what the table of the study is assembled from: each arm's start."""
        arms = [MeasuredArm(name=arm.name, start=arm.start, epochs=arm.epochs) for arm in self.arms.values()]
        return AssembleMetricsSettings(arms=tuple(arms))

    def published_settings(self) -> PublishedSettings:
        """Return what decides whether published numbers can be compared with the run's, and how sure those are."""
        keys = ("model", "train_size", "test_size", "warm_up_fraction", "fine_tune", "analysis")
        said = self.section.given()
        arms = {
            name: {
                "training": _without_lengths(arm.training),
                "intervention": arm.intervention and arm.intervention.model_dump(),
                "length": arm.epochs[-1],
                "checkpoint_every": arm.training.checkpoint_every,
            }
            for name, arm in self.arms.items()
        }
        shared = {key: said[key] for key in keys}
        phases = (self.section.warm_up, self.section.fine_tune)
        optimizers = dict.fromkeys(phase.optimizer.name if phase.optimizer else "sgd" for phase in phases)
        shared |= {"dataset": self.config.dataset.given(), "optimizer": ", then ".join(optimizers)}
        return PublishedSettings(confidence=self.section.analysis.confidence, shared=shared, arms=arms)

    def display_settings(self) -> WarmStartDisplay:
        """Return what figures and findings read beside the tables."""
        return WarmStartDisplay(
            arms=tuple(self.arms),
            labels=self.labels,
            analysis=self.section.analysis,
            warm_ups={name: arm.warm_up for name, arm in self.arms.items()},
            causal_design=self.causal_design,
            interventions=tuple(self.interventions),
        )

    def _arm(self, experiment: str, name: str, arm: WarmStartArm) -> Arm:
        base = self.section.warm_up
        training = base.overridden(arm.warm_up.given() if arm.warm_up else {})
        every = training.checkpoint_every
        return Arm(
            name=name,
            experiment=experiment,
            label=arm.label or usual_label(name),
            training=training,
            warm_up=training_name(_without_lengths(training), base.given()),
            epochs=tuple(range(every, training.epochs + 1, every)) or (0,),
            intervention=arm.intervention,
        )


def _without_lengths(training: WarmUp) -> dict[str, Any]:
    return {key: value for key, value in training.given().items() if key not in _LENGTHS}
