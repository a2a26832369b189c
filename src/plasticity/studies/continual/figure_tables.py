"""What a figure of the permuted study is drawn from: its tables, means over seeds, and what had to be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from plasticity.config.analysis_section import CausalDesignSettings, ContinualAnalysis
from plasticity.config.page_slices import ContinualDisplay
from plasticity.config.usual_label import usual_label
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.summaries import rows_where

REFERENCE = "random_init"
MAIN = "continual"
_START = "start_"  # what columns begin with that are of the start of a task
_FAMILIES = {
    "first_task_length": "First task of a fixed length",
    "first_task_collapse": "First task to an NC1 threshold",
}
_VALUES = {"first_task_length": "{} epochs", "first_task_collapse": "NC1 < {}"}


@dataclass(frozen=True, kw_only=True)
class PermutedTables(StudyTables):
    """The tables "permuted", "correlations", "causes" and "explanations" of a study, and what is needed to read them.

    Attributes:
        experiments: Arm -> the experiment it belongs to; arms made from one list share theirs.
        causal_design: The arms as an experiment: control, treatments, dose series (`studies.causal_design`).
    """

    SCHEMAS: ClassVar[Mapping[str, str]] = {
        "metrics": "permuted",
        "correlations": "correlations",
        "causes": "causes",
        "explanations": "explanations",
    }
    SETTINGS = ContinualDisplay
    AXIS = "task"
    MOMENT = "After task {}"
    COUNTED = "tasks"

    analysis: ContinualAnalysis
    causes: pd.DataFrame
    explanations: pd.DataFrame
    experiments: Mapping[str, str]
    causal_design: CausalDesignSettings

    @cached_property
    def continued(self) -> tuple[str, ...]:
        """Arms whose network goes from task to task."""
        return tuple(arm for arm in self.arms if not self.experiments.get(arm, arm).startswith(REFERENCE))

    @property
    def networks(self) -> tuple[str, ...]:
        """Arms whose networks figures of every study show: those that are never replaced."""
        return self.continued

    def checkpoints(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return the rows of the metrics, and before them the starts of first tasks as task 0."""
        begun = {f"{_START}{name}": name for name in columns}
        if not set(begun) <= set(self.kept):
            return self.kept
        first = rows_where(self.kept, self.kept["task"].eq(1)).filter(["arm", "seed", *begun]).rename(columns=begun)
        return pd.concat([first.assign(task=0), self.kept.filter(["arm", "seed", "task", *columns])])

    def further_exclusions(self, rows: pd.DataFrame) -> list[str]:
        """Count the runs whose first task was to end at an NC1 that it did not reach; they have no later tasks."""
        limited = rows_where(rows, rows["nc1_threshold"].notna() & rows["task"].eq(1))
        missed = rows_where(limited, limited["threshold_reached"].eq(False))
        found = f"NC1 threshold not reached, so no later tasks: {self.share(missed, limited, 'runs')}."
        return [found] if len(missed) else []

    @cached_property
    def main(self) -> str:
        """The arm without any manipulation, or the first one where a study has none."""
        return MAIN if MAIN in self.continued or not self.continued else self.continued[0]

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """Experiment -> its arms, in the order of the configuration, without the reference."""
        found: dict[str, tuple[str, ...]] = {}
        for arm in self.continued:
            experiment = self.experiments.get(arm, arm)
            found[experiment] = (*found.get(experiment, ()), arm)
        return found

    def family_label(self, experiment: str) -> str:
        """Return the name of an experiment above a panel."""
        return _FAMILIES.get(experiment, self.label(experiment))

    def value_label(self, arm: str) -> str:
        """Return what tells an arm from the others of its experiment, for a legend under the experiment's name."""
        label, experiment = self.label(arm), self.experiments.get(arm, arm)
        value = arm.removeprefix(f"{experiment}_")
        if label != usual_label(arm) or value == arm:
            return label
        text = _VALUES.get(experiment, "{}").format(value)
        return text.removesuffix("s") if value == "1" and text.endswith("epochs") else text

    def runs(self, experiment: str, column: str) -> pd.DataFrame:
        """Return one row per arm and seed of an experiment.

        Returns:
            `arm`, `seed`, `first_task_epochs`, `nc1_threshold` and `nc1`, as they were after the first task; `second`
            is `column` on the second task, `later` its mean over all later tasks, missing where it is on any of them.
        """
        arms = self.families.get(experiment, ())
        keys = ["arm", "seed"]
        rows = rows_where(self.metrics, self.metrics["arm"].isin(arms))
        rows = rows.assign(outcome=rows[column].where(~rows["diverged"].eq(True)))
        first = rows_where(rows, rows["task"].eq(1) & ~rows["diverged"].eq(True))
        second = rows_where(rows, rows["task"].eq(2)).filter([*keys, "outcome"]).rename(columns={"outcome": "second"})
        counts = {"later": ("outcome", "mean"), "known": ("outcome", "count"), "all": ("outcome", "size")}
        later = rows_where(rows, rows["task"].gt(1)).groupby(keys).agg(**counts)
        means = rows_where(later, later["known"].eq(later["all"])).filter(["later"]).reset_index()
        first = first.filter([*keys, "first_task_epochs", "nc1_threshold", "nc1"])
        return first.merge(second, how="left", on=keys).merge(means, how="left", on=keys)

    def coefficients(self, **keys: str) -> pd.DataFrame:
        """Return the correlation rows with these values of columns, in the order of their windows."""
        rows = self.correlations
        for column, value in keys.items():
            rows = rows_where(rows, rows[column].eq(value))
        return rows.sort_values("window_end", kind="stable", ignore_index=True)


def finite_runs(runs: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of `PermutedTables.runs` that are finite in all these columns."""
    return rows_where(runs, np.isfinite(runs[list(columns)].to_numpy(dtype=float)).all(axis=1))
