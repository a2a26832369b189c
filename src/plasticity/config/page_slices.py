"""What figures, findings and pages of the report see of the configuration: slices, as those of stages (`slices.py`).

Rules pass them as text in their own order (`Settings.ordered`), which is that of arms in legends and lines in figures.
"""

from pydantic import Field, JsonValue

from plasticity.config.analysis_section import (
    Analysis,
    CausalDesignSettings,
    ContinualAnalysis,
    TrainTestAnalysis,
    WarmStartAnalysis,
)
from plasticity.config.component import Chosen
from plasticity.config.settings import Settings
from plasticity.config.study_section import FigureStyle, NameOfFigure

# Figures and findings


class DisplaySettings(Settings):
    """What figures and findings of every study read beside its tables.

    Attributes:
        arms: All arms of the study, in the order of the configuration.
        labels: What figures call each.
    """

    arms: tuple[str, ...]
    labels: dict[str, str]


class WarmStartDisplay(DisplaySettings):
    """The same of the warm-start study.

    Attributes:
        analysis: The section's analysis.
        warm_ups: Arm -> the warm-up it starts from.
        causal_design: The arms as an experiment.
        interventions: Arms that change their checkpoints.
    """

    analysis: WarmStartAnalysis
    warm_ups: dict[str, str]
    causal_design: CausalDesignSettings
    interventions: tuple[str, ...] = ()


class ContinualDisplay(DisplaySettings):
    """The same of a sequence of tasks.

    Attributes:
        analysis: The section's analysis.
        experiments: Arm -> the experiment it belongs to; arms made from one list share theirs.
        causal_design: The arms as an experiment.
    """

    analysis: ContinualAnalysis
    experiments: dict[str, str]
    causal_design: CausalDesignSettings


class AgentsDisplay(DisplaySettings):
    """The same of agents; `analysis` is the section's."""

    analysis: Analysis


class TrainTestDisplay(DisplaySettings):
    """The same of train and test collapse.

    Attributes:
        analysis: The section's analysis.
        experiments: Arm -> the experiment it belongs to.
        weight_decays: Weight decay by arm, of each family of otherwise identical arms with a next task, by the arm
            with the smallest.
    """

    analysis: TrainTestAnalysis
    experiments: dict[str, str]
    weight_decays: dict[str, dict[str, float]]


class FigureStyles(Settings):
    """The style of each figure that is drawn."""

    styles: dict[NameOfFigure, FigureStyle]


# The summary


class FindingSettings(Settings):
    """A finding of the summary: heading, the figure that shows it, the table it is read from, its function."""

    heading: str
    figure: str
    table: str
    function: str


class SourceSettings(Settings):
    """Where a table comes from: its rule, and the page that shows it, if any."""

    rule: str
    page: str


class SummarySettings(Settings):
    """The page that sums a section up.

    Attributes:
        section: Name of the section.
        title: Title of its study.
        question: What that asks.
        dataset: Name of the data set.
        model: The network.
        tables: Class of what findings are made from, as "module:Class".
        ran: Function of that: what was run, as far as only this study has it.
        findings: The findings, in their order.
        sources: Rule and page of each table.
    """

    section: str
    title: str
    question: str
    dataset: str
    model: Chosen
    tables: str
    ran: str
    findings: tuple[FindingSettings, ...]
    sources: dict[str, SourceSettings]


# Pages


class AcrossDisplay(Settings):
    """What is read of the configuration to show a table across sections: level of its intervals, titles of sections."""

    confidence: float
    titles: dict[str, str]


class PageSettings(Settings):
    """What a page about tables reads: the arms' labels, and the level of its intervals if it computes any."""

    labels: dict[str, str]
    confidence: float | None = None


class Curves(Settings):
    """The curves of a section: columns of its `table` against `x`, a curve per arm; NC1's axis is logarithmic."""

    table: str
    x: str
    x_label: str
    columns: tuple[str, ...]
    arms: tuple[str, ...]
    labels: dict[str, str]
    confidence: float


class CurvesSettings(Settings):
    """The curves of every section that has some."""

    sections: dict[str, Curves]


class ExperimentSettings(Settings):
    """Arms that one entry of the configuration makes, and the NC1 that ends the first task of each."""

    arms: tuple[str, ...]
    nc1_below: tuple[float | None, ...] | None = None


class PublishedSettings(Settings):
    """What a run was, as far as published numbers need to know: paths such as `arms.warm_start.length` lead into it.

    Attributes:
        confidence: Level of the intervals.
        shared: Settings that all arms share, by key.
        arms: Settings of each arm.
        experiments: Arms that belong together.
    """

    confidence: float
    shared: dict[str, JsonValue]
    arms: dict[str, dict[str, JsonValue]]
    experiments: dict[str, ExperimentSettings] = Field(default_factory=dict)

    @property
    def tree(self) -> dict[str, JsonValue]:
        """All settings as one mapping, which paths lead into."""
        groups: dict[str, JsonValue] = {"arms": {**self.arms}}
        if self.experiments:
            groups["experiments"] = {
                name: each.model_dump(mode="json", exclude_none=True) for name, each in self.experiments.items()
            }
        return {**self.shared, **groups}
