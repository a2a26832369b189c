"""What a figure of the train-test study is drawn from: its tables, means over seeds, and what had to be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from plasticity.config.page_slices import TrainTestDisplay
from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.summaries import over_seeds, rows_where

VARIANCES = {
    "train_variance": ("train", ArmStyle("#B0508A", "o")),
    "strong_test_variance": ("strong test", ArmStyle("#000000", "s")),
    "weak_test_variance": ("weak test", ArmStyle("#0072B2", "^")),
}
"""Column -> its name in legends and its look; the paper's colours of train and strong test variance."""
OWN = "own_"
"""What stands before a column whose centres are those of each checkpoint."""


@dataclass(frozen=True, kw_only=True)
class TrainTestTables(StudyTables):
    """The tables "variances", "transfer" and "correlations" of a study, and what is needed to read them.

    Attributes:
        experiments: Arm -> the experiment it belongs to; arms made from one list share theirs.
        weight_decays: Weight decay by arm, of each family of otherwise identical arms with a next task, by the arm
            with the smallest.
    """

    SCHEMAS: ClassVar[Mapping[str, str]] = {
        "metrics": "variances",
        "transfer": "transfer",
        "correlations": "correlations",
    }
    SETTINGS = TrainTestDisplay
    AXIS = "iteration"

    transfer: pd.DataFrame
    experiments: Mapping[str, str]
    weight_decays: Mapping[str, Mapping[str, float]]

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Arms that the metrics table has rows of, in the order of the configuration."""
        present = set(self.metrics["arm"])
        return tuple(arm for arm in self.arms if arm in present)

    @property
    def networks(self) -> tuple[str, ...]:
        """Arms whose networks figures of every study show."""
        return self.measured

    @property
    def counted(self) -> pd.DataFrame:
        """Rows of the last hidden layers: what is stored of a network stands in the rows of all its layers."""
        return rows_where(self.metrics, self.metrics["last_layer"].eq(True))

    def exclusions(self, arms: Sequence[str] | None = None) -> list[str]:
        """As of every study, but for arms that go on to a next task alone."""
        return super().exclusions([arm for arm in (self.networks if arms is None else arms) if arm in self.measured])

    @cached_property
    def watched(self) -> tuple[str, ...]:
        """Arms with trainings that were measured on their way and not at the end alone."""
        rows = rows_where(self.metrics, self.metrics["iteration"].gt(0))
        moments: Any = rows.groupby(["arm", "seed"])["iteration"].nunique()
        several = {arm for (arm, _), count in moments.items() if count > 1}
        return tuple(arm for arm in self.measured if arm in several)

    @cached_property
    def transferred(self) -> tuple[str, ...]:
        """Arms that went on to a next task."""
        present = set(self.transfer["arm"])
        return tuple(arm for arm in self.arms if arm in present)

    def layers(self, arm: str) -> list[int]:
        """Return the hidden layers of an arm, from the input on."""
        return sorted(set(rows_where(self.metrics, self.metrics["arm"].eq(arm))["layer"].tolist()))

    def by_iteration(self, arm: str, column: str, *, layer: int | None = None) -> pd.DataFrame:
        """Return a variance over seeds for each iteration from 1 on; columns as in `over_seeds`.

        Logarithms are averaged, since variances span orders of magnitude: `mean` is the geometric mean, and `low` and
        `high` are the ends of Student's t interval on the logarithmic scale.

        Args:
            arm: The arm.
            column: A column of variances.
            layer: The hidden layer; None is the last.
        """
        rows = rows_where(self.kept, self.kept["arm"].eq(arm) & self.kept["iteration"].gt(0))
        chosen = rows["last_layer"].eq(True) if layer is None else rows["layer"].eq(layer)
        return self.geometric(rows_where(rows, chosen), "iteration", column)

    def geometric(self, rows: pd.DataFrame, by: str, column: str) -> pd.DataFrame:
        """Return geometric means over seeds of a positive column for each value of `by`, as `by_iteration` does."""
        positive = rows_where(rows, rows[column].gt(0))
        logs = positive.assign(**{column: np.log(positive[column].to_numpy(dtype=float))})
        found = over_seeds(logs, by, column, self.analysis.confidence)
        return found.assign(**{name: np.exp(found[name].to_numpy(dtype=float)) for name in ("mean", "low", "high")})

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Rows of all hidden layers at each run's last checkpoint, wherever it stopped; none of a run that diverged."""
        last = self.metrics.groupby(["arm", "seed"])["iteration"].transform("max")
        return rows_where(self.metrics, self.metrics["iteration"].eq(last) & ~self.metrics["diverged"].eq(True))

    @cached_property
    def last(self) -> pd.DataFrame:
        """Rows of the last hidden layer at each run's last checkpoint."""
        return rows_where(self.ends, self.ends["last_layer"].eq(True))

    def coefficients(self, **keys: str) -> pd.DataFrame:
        """Return the correlation rows with these values of columns."""
        rows = self.correlations
        for column, value in keys.items():
            rows = rows_where(rows, rows[column].eq(value))
        return rows.reset_index(drop=True)
