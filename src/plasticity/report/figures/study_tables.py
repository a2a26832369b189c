"""What the figures of every study are drawn from: its tables, arms with their names and styles, and the analysis."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import pandas as pd

from plasticity.config.analysis_section import Analysis
from plasticity.config.page_slices import DisplaySettings
from plasticity.config.usual_label import usual_label
from plasticity.report.figures.arm_styles import ArmStyle, arm_styles
from plasticity.report.figures.stored import Moment, moments
from plasticity.report.figures.summaries import few_seeds, over_seeds, rows_where


@dataclass(frozen=True, kw_only=True)
class StudyTables:
    """Tables of a study, and what is needed to read them.

    Attributes:
        SCHEMAS: Table -> the schema that it is read with.
        SETTINGS: Class of the settings, whose fields are attributes as well.
        AXIS: Column of the metrics that counts checkpoints; 0 is the initialisation.
        MOMENT: What figures call a checkpoint, with a place for the count.
        COUNTED: What notes call several of them.
        arms: All arms of the study, in the order of the configuration.
        labels: Arm -> its name in legends; if absent, it is the usual one.
        analysis: The section's analysis, with `confidence`.
    """

    SCHEMAS: ClassVar[Mapping[str, str]]
    SETTINGS: ClassVar[type[DisplaySettings]] = DisplaySettings
    AXIS: ClassVar[str] = "step"
    MOMENT: ClassVar[str] = "Step {}"
    COUNTED: ClassVar[str] = "checkpoints"

    metrics: pd.DataFrame
    correlations: pd.DataFrame
    arms: Sequence[str]
    labels: Mapping[str, str]
    analysis: Analysis

    @cached_property
    def styles(self) -> dict[str, ArmStyle]:
        """Style of every arm."""
        return arm_styles(self.arms)

    def label(self, arm: str) -> str:
        """Return the arm's name in legends."""
        return self.labels.get(arm, usual_label(arm))

    @cached_property
    def kept(self) -> pd.DataFrame:
        """Rows of the metrics that did not diverge."""
        return _not_diverged(self.metrics)

    @property
    def networks(self) -> tuple[str, ...]:
        """Arms whose networks figures of every study show."""
        return tuple(self.arms)

    def checkpoints(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return the rows of the metrics, the initialisation included, in which columns of lists are looked for."""
        del columns
        return _not_diverged(self.counted)

    def moments(self, columns: Sequence[str]) -> list[Moment]:
        """Return the points of the training at which all these columns of lists are stored."""
        rows = self.checkpoints(columns)
        rows = rows_where(rows, rows["arm"].isin(self.networks))
        return moments(rows, columns, axis=self.AXIS, title=self.MOMENT)

    @property
    def counted(self) -> pd.DataFrame:
        """Rows of the metrics, one per network and checkpoint."""
        return self.metrics

    def exclusions(self, arms: Sequence[str] | None = None) -> list[str]:
        """Say what is missing from a figure of some arms, by default those of `networks`, and that seeds are few."""
        arms = self.networks if arms is None else arms
        rows = rows_where(self.counted, self.counted["arm"].isin(arms))
        present = set(rows["arm"])
        notes = [f"No rows of {self.label(arm)} in the metrics table." for arm in arms if arm not in present]
        if len(diverged := rows_where(rows, rows["diverged"].eq(True))):
            notes.append(f"Diverged and excluded: {self.share(diverged, rows, self.COUNTED)}.")
        return [*notes, *self.further_exclusions(rows), *few_seeds(rows)]

    def further_exclusions(self, rows: pd.DataFrame) -> list[str]:
        """Say what else of these rows is missing from a figure of them."""
        del rows
        return []

    @property
    def left_out(self) -> str:
        """What is missing from the study."""
        return " ".join(self.exclusions(self.arms)) or "Nothing diverged, and no arm is missing."

    def share(self, some: pd.DataFrame, rows: pd.DataFrame, what: str) -> str:
        """Return "3 of 48 tasks (continual: 3)" of some of the rows."""
        counts = Counter(some["arm"])
        parts = ", ".join(f"{self.label(arm)}: {counts[arm]}" for arm in self.arms if arm in counts)
        return f"{len(some)} of {len(rows)} {what} ({parts})"

    def along(self, arm: str, column: str, *, since: int = 0) -> pd.DataFrame:
        """Return the arm's `column` over seeds at each checkpoint from `since` on; columns as in `over_seeds`."""
        rows = _not_diverged(self.counted)
        rows = rows_where(rows, rows["arm"].eq(arm) & rows[self.AXIS].ge(since))
        return over_seeds(rows, self.AXIS, column, self.analysis.confidence)


def _not_diverged(rows: pd.DataFrame) -> pd.DataFrame:
    return rows_where(rows, ~rows["diverged"].eq(True))
