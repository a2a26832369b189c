"""The configuration of the train-test study: every key with its range, unit and meaning."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from plasticity.config.analysis_section import TrainTestAnalysis
from plasticity.config.arms import single_arms
from plasticity.config.data_requests import PartsRequest
from plasticity.config.findings import Findings
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, Settings, setting
from plasticity.config.slices import NextSizes, PartsSettings, VarianceMeasure
from plasticity.config.study_section import (
    Arm,
    FigureStyle,
    NameOf,
    NameOfFigure,
    Section,
    Seed,
    arms_of,
)
from plasticity.config.training_section import (
    AnnealedRate,
    Annealing,
    BatchSize,
    Method,
    Model,
    Momentum,
    Training,
    WeightDecay,
)
from plasticity.studies.study_figures import figures_field
from plasticity.studies.train_test_collapse.consistency import check_train_test

_DRAWN = ("train_size", "test_size", "balanced")
_Class = Annotated[int, Field(ge=0)]
_SuperClass = Distinct[_Class]


class Task(Settings):
    """The first task, which an arm may change: its network and its images."""

    train_size: int | None = setting(
        "Training images of the first task, drawn from the seed; null: all.", unit="images", ge=1
    )
    test_size: int | None = setting(
        "Test images of the first task, drawn from the seed; null: all.", unit="images", ge=1
    )
    balanced: bool = setting(
        "Draw equally many images per class, up to a difference of one; false: draw regardless of class.", unit="1"
    )
    model: Model


class FirstTraining(Training):
    """Training on the first task, unless an arm overrides it."""

    iterations: int = setting("Length of the training.", unit="iterations", ge=1)
    checkpoints: int = setting(
        "Checkpoints, geometrically spaced from the first to the last iteration, in addition to the untrained network.",
        unit="checkpoints",
        ge=1,
    )
    learning_rate: AnnealedRate
    annealing: Annealing
    momentum: Momentum
    stop_loss: float | None = setting(
        "Stop training early when the running cross-entropy of an epoch reaches this; if absent, never.",
        unit="nats",
        default=None,
        gt=0,
    )


class NextTask(Method):
    """Training on the classes within the super-classes, on other images, from every checkpoint."""

    train_size: int = setting("Training images, disjoint from those of the first task.", unit="images", ge=1)
    validation_size: int = setting(
        "Held-out images of the training set, used by neither task, on which the learning rate is chosen.",
        unit="images",
        ge=1,
    )
    test_size: int = setting("Test images, disjoint from those of the first task.", unit="images", ge=1)
    iterations: int = setting("Length of the training.", unit="iterations", ge=1)
    learning_rates: Distinct[Annotated[float, Field(gt=0)]] = setting(
        "Learning rates tried from every checkpoint.", unit="1"
    )
    annealing: Annealing
    momentum: Momentum
    weight_decay: WeightDecay
    batch_size: BatchSize

    def after(self, parts: PartsSettings) -> PartsSettings:
        """Return the images of a first task with those of this one."""
        sizes = {key: getattr(self, key) for key in NextSizes.model_fields}
        return parts.model_copy(update={"next_task": NextSizes(**sizes)})


class TrainTestArm(Overriding(Task, single=("test_size",)).derived(), Arm):
    """An experiment; without any key, it is trained with the study's settings and has no next task."""

    super_classes: tuple[_SuperClass, ...] | None = setting(
        "Super-classes of the first task, each a list of class numbers; classes in none are left out. The next task "
        "classifies all of these classes.",
        unit="classes",
        default=None,
        min_length=2,
    )
    training: Annotated[Overrides | None, Overriding(FirstTraining, single=("iterations", "checkpoints"))] = setting(
        "Training settings in which this arm differs.", unit="mapping", default=None
    )


class TrainTestSection(Task, Section, study="train_test_collapse"):
    """The train-test study; collapse on training and test images in every layer, and transfer to a next task."""

    measured_trainings: ClassVar[tuple[str, ...]] = ("training",)

    seeds: Distinct[Seed] = setting("One run of every arm per seed, with images drawn from the seed.", unit="1")
    training: FirstTraining
    next_task: NextTask
    arms: dict[NameOf, TrainTestArm] = arms_of(
        "Experiments: each is an arm or, with a list instead of a number, an arm per value, named <experiment>_<value>."
    )
    measure: VarianceMeasure
    analysis: TrainTestAnalysis
    figures: dict[NameOfFigure, FigureStyle] = figures_field(
        Path(__file__).parent,
        on_request=("transfer_by_variance", "collapse_and_transfer", "variances_by_train_size"),
    )

    def data_requests(self, name: str) -> list[PartsRequest]:
        """Return what the section, which has this name, asks of the data set: the images of every arm."""
        return [request for arm in self.arms for request in self._requests(name, arm)]

    def parts_of(self, arm: TrainTestArm) -> PartsSettings:
        """Return which images an arm without lists has on the first task."""
        drawn = {key: getattr(arm if key in arm.model_fields_set else self, key) for key in _DRAWN}
        return PartsSettings(**drawn, super_classes=arm.super_classes)

    def _requests(self, name: str, arm: str) -> Iterator[PartsRequest]:
        places = dict.fromkeys(self.arms[arm].model_fields_set, f"{name}.arms.{arm}")
        for parts in dict.fromkeys(self.parts_of(single) for _, single in single_arms(arm, self.arms[arm])):
            drawn = self.next_task.after(parts) if parts.super_classes else parts
            yield PartsRequest(settings=drawn, section=name, places=places, measured=self.measure.most_images())

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record super-classes that share a class, and arms whose names are alike."""
        check_train_test(name, study, findings)
