"""What a figure of the study of locomotion is drawn from: its tables, and what had to be left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, cast

import numpy as np
import pandas as pd

from plasticity.config.page_slices import AgentsDisplay
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.summaries import over_seeds, rows_where

_POINTS = 100  # of a curve of returns


@dataclass(frozen=True, kw_only=True)
class LocomotionTables(StudyTables):
    """The tables "locomotion", "returns" and "correlations" of a study, and what is needed to read them."""

    SCHEMAS: ClassVar[Mapping[str, str]] = {
        "metrics": "locomotion",
        "returns": "returns",
        "correlations": "correlations",
    }
    SETTINGS = AgentsDisplay
    AXIS = "task"
    MOMENT = "After task {}"

    returns: pd.DataFrame

    @property
    def tasks(self) -> pd.DataFrame:
        """Rows of the metrics that are of a task and did not diverge."""
        return rows_where(self.kept, self.kept["task"].gt(0))

    def by_step(self, arm: str) -> pd.DataFrame:
        """Return the arm's returns over seeds along the training, each point a mean of the episodes around it."""
        rows = rows_where(self.returns, self.returns["arm"].eq(arm) & self.returns["episode_return"].notna())
        if rows.empty:
            return over_seeds(rows.assign(x=rows["step"]), "x", "episode_return", self.analysis.confidence)
        weighted = rows.assign(total=rows["episode_return"] * rows["episodes"], x=self._points(rows["step"].to_numpy()))
        sums = cast("pd.DataFrame", weighted.groupby(["seed", "x"])[["total", "episodes"]].sum()).reset_index()
        means = sums.assign(episode_return=sums["total"] / sums["episodes"])
        return over_seeds(means, "x", "episode_return", self.analysis.confidence)

    @cached_property
    def changes(self) -> list[int]:
        """Steps after which the friction changes, all but the end of the training."""
        ends = sorted(set(self.metrics["step"].tolist()) - {0})
        return ends[:-1]

    def _points(self, steps: np.ndarray) -> np.ndarray:
        width = max(1.0, float(self.returns["step"].to_numpy().max()) / _POINTS)
        return (np.ceil(steps / width) - 0.5) * width


def slopes(tasks: pd.DataFrame) -> pd.Series:
    """Return the slope of the return at the end of a task on the task's number by seed, of one arm's tasks."""
    found = {}
    for seed, rows in tasks.loc[tasks["last_return"].notna()].groupby("seed"):
        if len(rows) > 1:
            found[seed] = np.polyfit(rows["task"].to_numpy(float), rows["last_return"].to_numpy(float), 1)[0]
    return pd.Series(found, dtype="float64")
