"""What each stage sees of the configuration: its slice, which is all that can make the stage stale.

A plan makes the slices of its section, a rule passes one as canonical JSON, and the job gives it to the stage as an
object of its class again. Keys mean what they mean in the section; a slice says no more of them than their types.
"""

from typing import Literal

from plasticity.config.component import Chosen
from plasticity.config.departure import Departure
from plasticity.config.landscape_section import MeasureLandscape
from plasticity.config.measure_section import MeasureNetwork
from plasticity.config.settings import Settings, setting
from plasticity.config.training_section import IterationTraining, Optimisation

Precision = Literal["exact", "fast"]
"""Arithmetic of training."""

# Warm starting


class SplitSettings(Settings):
    """What a seed's images and its warm-up half are drawn by."""

    train_size: int | None = setting("Training images; null is all.", unit="images", ge=1)
    warm_up_fraction: float = setting("Share of them in the warm-up half.", unit="fraction", gt=0, le=1)


class WarmUpSettings(Settings):
    """A warm-up and its checkpoints, by epoch; 0 is before training."""

    warm_up: str
    model: Chosen
    training: Optimisation
    precision: Precision
    epochs: tuple[int, ...]


class InterveneSettings(Settings):
    """What an arm does to its checkpoints."""

    arm: str
    model: Chosen
    intervention: Chosen


class CollapseMeasure(MeasureNetwork):
    """What is measured at every checkpoint besides the collapse metrics in eval mode."""

    train_mode_nc1: bool = setting(
        "Also NC1 as measured by the released code, at the cost of one more forward pass.", unit="1"
    )


class MeasureCollapseSettings(Settings):
    """How the checkpoints of a start are measured; `batch_size` is that of NC1 in train mode.

    `training` is that behind the checkpoints, where a probe reads it.
    """

    start: str
    model: Chosen
    test_size: int | None
    batch_size: int
    measure: CollapseMeasure
    training: Optimisation | None = None


class FineTuneSettings(Settings):
    """A training on the next task, until a running training accuracy or a number of epochs is reached."""

    arm: str
    model: Chosen
    training: Optimisation
    stop_accuracy: float
    max_epochs: int
    precision: Precision
    test_size: int | None


class MeasuredArm(Settings):
    """An arm in the study's table: the start that it was measured on, and the epochs of its checkpoints."""

    name: str
    start: str
    epochs: tuple[int, ...]


class AssembleMetricsSettings(Settings):
    """The arms of the study's table, in its order."""

    arms: tuple[MeasuredArm, ...]


# Sequences of tasks


class TaskMeasure(MeasureNetwork):
    """What is measured after every task besides the collapse metrics."""

    first_task_every: int = setting(
        "Measure the first task after every n-th of its epochs, and where an arm without threshold ends it. With a "
        "threshold: after every epoch.",
        unit="epochs",
        default=1,
        ge=1,
    )


class SequenceSettings(Settings):
    """The tasks of a sequence."""

    train_size: int | None = setting("Training images; null is all.", unit="images", ge=1)
    tasks: Chosen


class OnlineSettings(SequenceSettings):
    """What all stages of a sequence of tasks see: the network, the tasks, what is measured."""

    model: Chosen
    measure: TaskMeasure


class FirstTaskSettings(OnlineSettings):
    """A training on the first task: the lengths that arms ask for, and the thresholds of NC1 that end it for others.

    After `max_epochs` a threshold counts as not reached. `training` is its name.
    """

    training: str
    first_task: Optimisation
    epochs: tuple[int, ...]
    thresholds: tuple[float, ...]
    max_epochs: int


class FollowingTraining(Optimisation):
    """A training on each of the following tasks."""

    epochs: int


class Continuation(Settings):
    """How a network goes on after its first task."""

    following: FollowingTraining
    intervention: Chosen | None = None
    intervene_after: Literal["first_task", "every_task"] = "first_task"


class Branch(Departure, Continuation):
    """An arm: where it leaves the first task, and on how many tasks it goes on."""

    tasks: int

    @property
    def continuation(self) -> Continuation:
        """What it shares with arms that go on alike."""
        return Continuation(**{key: getattr(self, key) for key in Continuation.model_fields})


class FollowingSettings(OnlineSettings):
    """The arms of an experiment."""

    experiment: str
    arms: tuple[Branch, ...]


class AssembledArm(Departure):
    """An arm in the study's table; `reference` is the baseline that it is measured against."""

    experiment: str
    reference: str


class AssembleTasksSettings(Settings):
    """The arms of the study's table, in its order."""

    arms: tuple[AssembledArm, ...]


class ExplainSettings(Settings):
    """What explanations are asked by: losses on the next task, and arms that they are measured against.

    `beyond` are quantities that others are asked what they add to.
    """

    confidence: float
    losses: tuple[str, ...]
    references: tuple[str, ...]
    beyond: tuple[str, ...] = ()


class ExplainAcrossSettings(Settings):
    """What explanations across sections are asked by.

    `references` are the arms of each section that its losses are measured against.
    """

    confidence: float
    losses: tuple[str, ...]
    references: dict[str, tuple[str, ...]]


# Train and test collapse


class NextSizes(Settings):
    """Images of the next task, none of them of the first."""

    train_size: int
    validation_size: int
    test_size: int


class PartsSettings(Settings):
    """Which images the first task has, and the next one if there is any; null is all images, or no super-classes.

    Attributes:
        balanced: Whether every class has as many images, up to one.
    """

    train_size: int | None
    test_size: int | None
    balanced: bool
    super_classes: tuple[tuple[int, ...], ...] | None = None
    next_task: NextSizes | None = None


class PreTrainSettings(Settings):
    """A training on the first task and its checkpoints, by iteration; 0 is before training."""

    study: str
    dataset: str
    arm: str
    model: Chosen
    parts: PartsSettings
    training: IterationTraining
    checkpoints: tuple[int, ...]


class VarianceMeasure(MeasureLandscape):
    """How variances are measured, and what else at every checkpoint."""

    k_means_restarts: int = setting(
        "Runs of k-means; the best one gives the centres of the weak test variance.", unit="1", ge=1
    )


class MeasureVariancesSettings(Settings):
    """How the checkpoints of an arm are measured; `training` is that behind them, where a probe reads it.

    `parts` have a next task where the landscape is measured at its start as well.
    """

    experiment: str
    arm: str
    model: Chosen
    parts: PartsSettings
    measure: VarianceMeasure
    training: Optimisation | None = None


class TransferSettings(Settings):
    """A training on the next task with one learning rate."""

    experiment: str
    arm: str
    model: Chosen
    parts: PartsSettings
    training: IterationTraining


class AssembleVariancesSettings(Settings):
    """The arms of the study's tables, in their order."""

    arms: tuple[str, ...]
