"""The configuration of a study of many tasks: every key with its range, unit and meaning."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from plasticity.config.analysis_section import ContinualAnalysis
from plasticity.config.component import Chosen, chosen
from plasticity.config.data_requests import SequenceAsked, SequenceRequest
from plasticity.config.findings import Findings
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, Settings, setting
from plasticity.config.slices import TaskMeasure
from plasticity.config.study_section import (
    Arm,
    FigureStyle,
    NameOf,
    NameOfFigure,
    Section,
    Seed,
    arms_of,
)
from plasticity.config.training_section import Intervention, Model, Momentum, OnlineBatchSize, Penalty, Tasks, Training
from plasticity.studies.continual.consistency import check_continual
from plasticity.studies.study_figures import figures_field


class FirstTask(Training):
    """Training on the first task; arms may override any of these."""

    epochs: int = setting("Length of the first task.", unit="epochs", ge=1)
    max_epochs: int = setting("Maximum number of epochs to reach an arm's threshold nc1_below.", unit="epochs", ge=1)
    batch_size: OnlineBatchSize
    momentum: Momentum = 0.0
    penalty: Penalty


class Following(Training):
    """Training on the tasks that follow; arms may override any of these."""

    tasks: int = setting("Number of tasks after the first.", unit="tasks", ge=1)
    epochs: int = setting("Epochs on each of these tasks.", unit="epochs", ge=1)
    batch_size: OnlineBatchSize
    momentum: Momentum = 0.0
    penalty: Penalty


class Threshold(Settings):
    """What an arm's first task may have instead of a length."""

    nc1_below: float = setting(
        "Stop the first task after the first epoch with NC1 below this, instead of after a number of epochs.",
        unit="1",
        gt=0,
    )


class ContinualArm(Arm):
    """An experiment; without any key, its network is trained with the study's settings."""

    model: Annotated[Chosen | None, chosen("model", "This arm's network; if absent, the study's.")] = None
    first_task: Annotated[Overrides | None, Overriding(FirstTask, single=("max_epochs",), more=Threshold)] = setting(
        "Settings of the first task in which this arm differs.", unit="mapping", default=None
    )
    following: Annotated[Overrides | None, Overriding(Following, single=("tasks", "epochs"))] = setting(
        "Settings of the following tasks in which this arm differs.", unit="mapping", default=None
    )
    intervention: Intervention | None = None
    intervene_after: Literal["first_task", "every_task"] | None = setting(
        "When to intervene; if absent, after the first task.", unit="name", default=None
    )


class ContinualSection(Section, study="continual"):
    """The permuted study; a sequence of tasks, such as pixel permutations, trained online or in batches."""

    measured_trainings: ClassVar[tuple[str, ...]] = ("first_task", "following")

    seeds: Distinct[Seed] = setting(
        "One run of every arm per seed; a seed's tasks are the same for all arms.", unit="1"
    )
    train_size: int | None = setting("Training images used, drawn from the seed; null: all.", unit="images", ge=1)
    tasks: Tasks
    model: Model
    first_task: FirstTask
    following: Following
    arms: dict[NameOf, ContinualArm] = arms_of(
        "Experiments: each is an arm or, with a list instead of a number, one arm per value, named "
        "<experiment>_<value>. The baseline random_init, a fresh network for every task, is always run and not listed."
    )
    measure: TaskMeasure
    analysis: ContinualAnalysis
    figures: dict[NameOfFigure, FigureStyle] = figures_field(
        Path(__file__).parent,
        on_request=("correlation_by_task", "rank_and_accuracy"),
    )

    def data_requests(self, name: str) -> list[SequenceRequest]:
        """Return what the section, which has this name, asks of the data set."""
        more = [each.following.given().get("tasks", 0) for each in self.arms.values() if each.following]
        number = 1 + max([self.following.tasks, *more])
        asked = SequenceAsked(train_size=self.train_size, tasks=self.tasks, number=number)
        return [SequenceRequest(settings=asked, section=name, measured=self.measure.most_images())]

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record penalties that a batch cannot have, thresholds beside lengths, names that the baseline has."""
        check_continual(name, study, findings)
