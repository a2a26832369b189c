"""The configuration of the train-test study: every key with its range, unit and meaning."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from plasticity.config.findings import Findings
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, Settings, setting
from plasticity.config.study_section import (
    Analysis,
    Arm,
    Asked,
    FigureStyle,
    NameOf,
    Section,
    Seed,
    arms_of,
    figures_of,
)
from plasticity.config.training_section import AnnealedRate, BatchSize, Method, Model, Momentum, Training, WeightDecay
from plasticity.studies.described import titles_in
from plasticity.studies.train_test_collapse.consistency import check_train_test

Annealing = Annotated[
    Literal["none", "cosine"],
    setting("Course of the step size; constant, or per iteration along half a cosine to zero.", unit="name"),
]
_DRAWN = ("train_size", "test_size", "balanced")
_NEXT_SIZES = ("train_size", "validation_size", "test_size")
_Class = Annotated[int, Field(ge=0)]
_SuperClass = Distinct[_Class]


class Task(Settings):
    """The first task, which an arm may change: its network and its images."""

    train_size: int | None = setting(
        "Training images of the first task, drawn from the seed; null is all that are used.", unit="images", ge=1
    )
    test_size: int | None = setting(
        "Test images of the first task, drawn from the seed; null is all that are used.", unit="images", ge=1
    )
    balanced: bool = setting(
        "Draw as many images of every class, up to one; false draws from all of them alike.", unit="1"
    )
    model: Model


class FirstTraining(Training):
    """Training on the first task, for every arm that does not say otherwise."""

    iterations: int = setting("Length of the training.", unit="iterations", ge=1)
    checkpoints: int = setting(
        "Checkpoints in equal ratios from the first iteration to the last, besides that before training.",
        unit="checkpoints",
        ge=1,
    )
    learning_rate: AnnealedRate
    annealing: Annealing
    momentum: Momentum
    stop_loss: float | None = setting(
        "Running cross-entropy of an epoch that ends the training early; absent, none does.",
        unit="nats",
        default=None,
        gt=0,
    )


class NextTask(Method):
    """Training on the classes inside the super-classes, on other images, from every checkpoint."""

    train_size: int = setting("Training images, none of them of the first task.", unit="images", ge=1)
    validation_size: int = setting(
        "Images of the training set, of neither task, on which the learning rate is chosen.", unit="images", ge=1
    )
    test_size: int = setting("Test images, none of them of the first task.", unit="images", ge=1)
    iterations: int = setting("Length of the training.", unit="iterations", ge=1)
    learning_rates: Distinct[Annotated[float, Field(gt=0)]] = setting(
        "Step sizes that are tried from every checkpoint.", unit="1"
    )
    annealing: Annealing
    momentum: Momentum
    weight_decay: WeightDecay
    batch_size: BatchSize


class TrainTestArm(Overriding(Task, single=("test_size",)).derived(), Arm):
    """An experiment; without any key it is trained as the study says, and not on a next task."""

    super_classes: tuple[_SuperClass, ...] | None = setting(
        "Classes that the first task takes as one, by their numbers; classes in none are left out. The next task then "
        "tells all of them apart.",
        unit="classes",
        default=None,
        min_length=2,
    )
    training: Annotated[Overrides | None, Overriding(FirstTraining, single=("iterations", "checkpoints"))] = setting(
        "What this arm's training does differently.", unit="mapping", default=None
    )


class Measure(Settings):
    """How variances are measured."""

    k_means_restarts: int = setting(
        "Runs of k-means whose best gives the centres of the weak test variance.", unit="1", ge=1
    )


class TrainTestAnalysis(Analysis):
    """How variances and accuracy on the next task are correlated."""


class TrainTestSection(Task, Section, study="train_test_collapse"):
    """The train-test study; does collapse hold on test images, in which layers, does it help or harm a next task."""

    seeds: Distinct[Seed] = setting("One run of every arm per seed, with images drawn from it.", unit="1")
    training: FirstTraining
    next_task: NextTask
    arms: dict[NameOf, TrainTestArm] = arms_of(
        "Experiments, each an arm or, with a list in place of a number, one arm per value, named <experiment>_<value>."
    )
    measure: Measure
    analysis: TrainTestAnalysis
    figures: dict[NameOf, FigureStyle] = figures_of(titles_in(Path(__file__).parent / "figures"))

    def asks(self, name: str) -> list[Asked]:
        """Return what the section, which has this name, asks of the data set: the images of every arm."""
        return [asked for arm in self.arms for asked in self._asked(name, arm)]

    def _asked(self, name: str, arm: str) -> Iterator[Asked]:
        given = self.arms[arm].model_dump(exclude_unset=True, include={*_DRAWN, "super_classes"})
        groups, after = given.get("super_classes"), self.next_task.model_dump(include=set(_NEXT_SIZES))
        settings = {key: getattr(self, key) for key in _DRAWN} | {"super_classes": groups} | given
        places = dict.fromkeys(given, f"{name}.arms.{arm}")
        sizes = settings["train_size"] if isinstance(settings["train_size"], tuple) else (settings["train_size"],)
        for size in sizes:
            drawn = {**settings, "train_size": size, "next_task": after if groups else None}
            yield Asked(draw="super_classes", settings=drawn, section=name, places=places)

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record super-classes that share a class, and arms whose names are alike."""
        check_train_test(name, study, findings)
