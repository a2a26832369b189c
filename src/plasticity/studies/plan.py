"""What the plans of all studies share: their section, the jobs that carry seeds, and what names arms in the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

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
    """A section of a checked configuration (`plasticity.config.load_config`) as its study reads it."""

    config: Mapping[str, Any]
    section: str

    @property
    def study(self) -> Settings:
        """What the section says."""
        return self.config[self.section]

    @property
    def folder(self) -> str:
        """Folder of the section's results."""
        return f"results/{self.section}/{self.config['dataset']['name']}"

    @property
    def manifests(self) -> list[str]:
        """Manifests of the section's checkpoints; none where a job keeps them in its trajectory alone."""
        return []

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

    def drawing_settings(self) -> Settings:
        """Return what the study's figures read."""
        return {"styles": self.study["figures"], **self.shown()}

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

    def correlate_settings(self) -> Settings:
        """Return what the correlations read."""
        return self.study["analysis"]

    def tabulate_settings(self) -> Settings:
        """Return what the report's tables read."""
        return {"labels": self.labels}
