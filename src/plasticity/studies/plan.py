"""What the plans of all studies share: their section, the jobs that carry seeds, and what names arms in the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from plasticity.studies.naming import chunks

Settings = dict[str, Any]


class Labelled(Protocol):
    """An arm of any study."""

    @property
    def name(self) -> str:
        """Key in the configuration, with the value behind it for an arm made from a list."""
        ...

    @property
    def label(self) -> str:
        """What figures call it."""
        ...


Arm = TypeVar("Arm", bound=Labelled)


@dataclass(frozen=True)
class StudyPlan(Generic[Arm]):
    """A study of a checked configuration (`plasticity.config.load_config`)."""

    config: Mapping[str, Any]
    section: ClassVar[str]

    @property
    def study(self) -> Settings:
        """The study's section."""
        return self.config[self.section]

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Arms by name, in the order in which tables and figures have them."""
        raise NotImplementedError

    @cached_property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Seeds of each job, by the job's name such as "seeds1-3"."""
        return chunks(self.study["seeds"], self.config["jobs"]["seeds_per_job"], "seeds")

    @property
    def labels(self) -> dict[str, str]:
        """What figures call the arms."""
        return {name: arm.label for name, arm in self.arms.items()}

    def shown(self) -> Settings:
        """Return what figures and summary read beside the tables."""
        return {"arms": list(self.arms), "labels": self.labels, "analysis": self.study["analysis"]}

    @cached_property
    def drawings(self) -> dict[str, tuple[str, ...]]:
        """Figures of each drawing job, by the job's name: its first figure, and how many follow."""
        figures = tuple(self.study["figures"])
        count = ceil(len(figures) / self.config["jobs"]["figures_per_job"])
        bounds = [len(figures) * part // count for part in range(count)] + [len(figures)]
        parts = [figures[first:end] for first, end in pairwise(bounds)]  # that take about as long as each other
        return {part[0] if len(part) == 1 else f"{part[0]}_and_{len(part) - 1}_more": part for part in parts}

    @property
    def drawn_by(self) -> dict[str, str]:
        """Job that draws each figure."""
        return {figure: drawing for drawing, figures in self.drawings.items() for figure in figures}

    def drawing_settings(self, drawing: str) -> Settings:
        """Return what the figures of a job read."""
        return {"styles": {figure: self.study["figures"][figure] for figure in self.drawings[drawing]}, **self.shown()}

    def summary_settings(self) -> Settings:
        """Return what the page that sums the study up reads."""
        return {**self.shown(), "dataset": self.config["dataset"]["name"], "model": self.study["model"]}

    def curve_settings(self) -> Settings:
        """Return what the page of curves reads."""
        return {
            "arms": list(self.arms),
            "labels": self.labels,
            "confidence": self.study["analysis"]["confidence"],
        }

    def tabulate_settings(self) -> Settings:
        """Return what the report's tables read."""
        return {"labels": self.labels}
