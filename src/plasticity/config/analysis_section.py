"""How what was measured is analysed: the section `analysis` of each study, and what its statistics see besides.

The section of a study is the slice of its correlations, or a part of it; the causes also see the arms as an experiment.
"""

from typing import Literal

from plasticity.config.settings import Distinct, Settings, setting


class Analysis(Settings):
    """How what was measured is correlated."""

    confidence: float = setting(
        "Confidence level of all intervals over seeds and of the verdicts on causes.", unit="fraction", gt=0, lt=1
    )


class WarmStartAnalysis(Analysis):
    """How collapse and plasticity are correlated."""

    window: int = setting(
        "Length of the sliding window; at least three checkpoints, at most the warm-up.", unit="epochs", ge=1
    )
    phase_boundary: int = setting(
        "Last epoch of the first phase; each phase contains at least one checkpoint.", unit="epochs", ge=1
    )
    outcomes: (
        Distinct[Literal["full_test_accuracy", "full_train_accuracy", "fine_tune_epochs", "plasticity_gap"]] | None
    ) = setting(
        "Outcomes that collapse is correlated with, columns of the metrics table; if absent, full_test_accuracy.",
        unit="name",
        default=None,
    )


class ContinualAnalysis(Analysis):
    """How collapse and plasticity are correlated."""

    outcomes: (
        Distinct[Literal["online_accuracy", "plasticity_gap", "published_plasticity_loss", "test_accuracy", "test_gap"]]
        | None
    ) = setting(
        "Outcomes that collapse is correlated with over the tasks; if absent, the first two.", unit="name", default=None
    )
    beyond: Distinct[str] | None = setting(
        "Measured quantities, columns of the metrics table; the explanations also say what every other quantity adds "
        "to these and the task number together.",
        unit="name",
        default=None,
    )


class TrainTestAnalysis(Analysis):
    """How variances and accuracy on the next task are correlated."""


class Family(Settings):
    """Arms that differ in weight decay alone: weight decay by arm. It has the name of the arm with the least."""

    name: str
    weight_decays: dict[str, float]


class TransferAnalysis(TrainTestAnalysis):
    """The analysis, and the families of arms that go on to a next task."""

    families: tuple[Family, ...]


class DoseSeries(Settings):
    """Arms that differ in a single number: its name and the dose of each arm."""

    name: str
    doses: dict[str, float]


class CausalDesignSettings(Settings):
    """The arms of a study as an experiment: the control, empty where there is none, and what is compared with it."""

    control: str
    treatments: tuple[str, ...]
    series: tuple[DoseSeries, ...]


class CausesSettings(CausalDesignSettings):
    """What the causes of a study are asked with."""

    confidence: float


class WarmStartCausesSettings(CausesSettings):
    """The same in phases of the warm-up; the first one ends at `phase_boundary`, an epoch."""

    phase_boundary: int
