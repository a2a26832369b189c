"""What the plans of all studies share: their section, the jobs that carry seeds, and what names arms in the report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar, cast

from plasticity.config.analysis_section import Analysis
from plasticity.config.arms import single_arms
from plasticity.config.component import Chosen
from plasticity.config.load import Configuration
from plasticity.config.page_slices import DisplaySettings, ExperimentSettings, FigureStyles, PageSettings
from plasticity.config.study_section import FigureStyle
from plasticity.studies.naming import chunks


class Labelled(Protocol):
    """An arm of any study."""

    @property
    def name(self) -> str:
        """Key in the configuration, with the value behind it for an arm made from a list."""
        ...

    @property
    def experiment(self) -> str:
        """That key."""
        ...

    @property
    def label(self) -> str:
        """What figures call it."""
        ...


class StudySection(Protocol):
    """A section of any study, as far as all plans read it."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the runs."""
        ...

    @property
    def model(self) -> Chosen:
        """The network."""
        ...

    @property
    def arms(self) -> Mapping[str, Any]:
        """Experiments by name, each an arm or, with lists, several."""
        ...

    @property
    def analysis(self) -> Analysis:
        """How what was measured is correlated."""
        ...

    @property
    def figures(self) -> Mapping[str, FigureStyle]:
        """Style of each figure that is drawn."""
        ...

    def given(self) -> dict[str, Any]:
        """Return what the section says, in plain mappings."""
        ...


Arm = TypeVar("Arm", bound=Labelled)
S = TypeVar("S", bound=StudySection)


@dataclass(frozen=True)
class StudyPlan(Generic[Arm, S]):
    """A section of a checked configuration, by its name, as its study reads it."""

    config: Configuration
    name: str

    @property
    def section(self) -> S:
        """What the section says."""
        return cast("S", self.config.sections[self.name])

    @property
    def folder(self) -> str:
        """Folder of the section's results."""
        return f"results/{self.name}/{self.config.dataset.name}"

    @property
    def manifests(self) -> list[str]:
        """Manifests of the section's checkpoints; none where a job keeps them in its trajectory alone."""
        return []

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Arms by name, in the order in which tables and figures have them."""
        raise NotImplementedError

    def singles(self) -> Iterator[tuple[str, str, Any]]:
        """Yield experiment, name and settings of every arm that the section's arms stand for."""
        spelled = self.config.mapping[self.name]["arms"]
        for experiment, said in self.section.arms.items():
            for name, arm in single_arms(experiment, said, spelled[experiment]):
                yield experiment, name, arm

    @cached_property
    def experiments(self) -> dict[str, list[Arm]]:
        """Arms by the entry of the configuration that they stand for."""
        found: dict[str, list[Arm]] = {}
        for arm in self.arms.values():
            found.setdefault(arm.experiment, []).append(arm)
        return found

    @property
    def members(self) -> dict[str, ExperimentSettings]:
        """Names of these arms."""
        return {
            name: ExperimentSettings(arms=tuple(arm.name for arm in arms)) for name, arms in self.experiments.items()
        }

    @cached_property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Seeds of each job, by the job's name such as "seeds1-3"."""
        return chunks(self.section.seeds, self.config.jobs.seeds_per_job, "seeds")

    @property
    def labels(self) -> dict[str, str]:
        """What figures call the arms."""
        return {name: arm.label for name, arm in self.arms.items()}

    def display_settings(self) -> DisplaySettings:
        """Return what figures and findings read beside the tables."""
        raise NotImplementedError

    def style_settings(self) -> FigureStyles:
        """Return the style of each figure that is drawn."""
        return FigureStyles(styles=dict(self.section.figures))

    def correlate_settings(self) -> Analysis:
        """Return what the correlations read."""
        return self.section.analysis

    def tabulate_settings(self, reads: Sequence[str]) -> PageSettings:
        """Return what a page of the report's tables reads: the arms' labels, and settings of the analysis by name."""
        return PageSettings(labels=self.labels, **{name: getattr(self.section.analysis, name) for name in reads})
