"""The configuration of the warm-start study: every key with its range, unit and meaning."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from plasticity.config.analysis_section import WarmStartAnalysis
from plasticity.config.data_requests import HalvesAsked, HalvesRequest
from plasticity.config.findings import Findings
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, setting
from plasticity.config.slices import CollapseMeasure, Precision
from plasticity.config.study_section import (
    Arm,
    FigureStyle,
    NameOf,
    NameOfFigure,
    Section,
    Seed,
    arms_of,
)
from plasticity.config.training_section import Intervention, Model, Momentum, Penalty, Training
from plasticity.studies.study_figures import figures_field
from plasticity.studies.warm_start.consistency import check_warm_start


class WarmUp(Training):
    """Training on the first task, unless an arm overrides it."""

    epochs: int = setting("Length of the warm-up, a multiple of checkpoint_every; 0: no warm-up.", unit="epochs", ge=0)
    checkpoint_every: int = setting("Interval between checkpoints, the same for all arms.", unit="epochs", ge=1)
    momentum: Momentum
    penalty: Penalty


class FineTune(Training):
    """Training on the next task, the full training set, from every checkpoint of every arm."""

    momentum: Momentum
    stop_accuracy: float = setting(
        "Running training accuracy of an epoch at which training stops.", unit="fraction", gt=0, lt=1
    )
    max_epochs: int = setting("Maximum number of epochs if stop_accuracy is not reached.", unit="epochs", ge=1)


class WarmStartArm(Arm):
    """An arm; without any key, it is trained with the settings of `warm_up` and fine-tuned without an intervention."""

    warm_up: Annotated[Overrides | None, Overriding(WarmUp, without=("checkpoint_every",), single=("epochs",))] = (
        setting("Warm-up settings in which this arm differs.", unit="mapping", default=None)
    )
    intervention: Intervention | None = None


class WarmStartSection(Section, study="warm_start"):
    """The warm-start study; train on a part of the data, then on all of it."""

    measured_trainings: ClassVar[tuple[str, ...]] = ("warm_up",)

    seeds: Distinct[Seed] = setting(
        "One run of every arm per seed; every generator derives from (seed, purpose).", unit="1"
    )
    train_size: int | None = setting("Training images used, drawn from the seed; null: all.", unit="images", ge=1)
    test_size: int | None = setting("Test images used, the first of the prepared set; null: all.", unit="images", ge=1)
    warm_up_fraction: float = setting("Share of the training images used in the warm-up.", unit="fraction", gt=0, lt=1)
    precision: Precision = setting(
        "Arithmetic of training. exact: float32, the reference. fast: bfloat16 products where the device gains speed, "
        "one fused update, and on CUDA recorded graphs. Both are reproducible; measuring is always exact.",
        unit="name",
    )
    model: Model
    warm_up: WarmUp
    fine_tune: FineTune
    arms: dict[NameOf, WarmStartArm] = arms_of(
        "Arms of the study; one of them is random_init with warm_up.epochs 0. A list instead of a number makes one arm "
        "per value, named <arm>_<value>. Within arms, null removes a setting of config.yaml, or a whole arm."
    )
    measure: CollapseMeasure
    analysis: WarmStartAnalysis
    figures: dict[NameOfFigure, FigureStyle] = figures_field(
        Path(__file__).parent,
        on_request=("collapse_and_accuracy_first_phase", "collapse_and_accuracy_second_phase"),
    )

    def data_requests(self, name: str) -> list[HalvesRequest]:
        """Return what the section, which has this name, asks of the data set."""
        keys = ("train_size", "test_size", "warm_up_fraction")
        asked = HalvesAsked(**{key: getattr(self, key) for key in keys})
        return [HalvesRequest(settings=asked, section=name, measured=self.measure.most_images())]

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record lengths that do not fit, arms that do the same, windows that hold too few checkpoints."""
        check_warm_start(name, study, findings)
