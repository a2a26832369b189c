"""What a figure of the warm-start study is drawn from: its tables, means over seeds, and what had to be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from plasticity.config.analysis_section import CausalDesignSettings, WarmStartAnalysis
from plasticity.config.page_slices import WarmStartDisplay
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.summaries import rows_where

OUTCOME = "full_test_accuracy"


@dataclass(frozen=True, kw_only=True)
class FigureTables(StudyTables):
    """The tables "metrics", "history", "correlations" and "causes" of a study, and what is needed to read them.

    Attributes:
        warm_ups: Arm -> the warm-up it starts from, the `run` of the histories; arms may share one.
        causal_design: The arms as an experiment: control, treatments, dose series (`studies.causal_design`).
        interventions: Arms that change their checkpoints.
    """

    SCHEMAS: ClassVar[Mapping[str, str]] = {
        "metrics": "metrics",
        "histories": "history",
        "correlations": "correlations",
        "causes": "causes",
    }
    SETTINGS = WarmStartDisplay
    AXIS = "warm_up_epoch"
    MOMENT = "Epoch {}"

    histories: pd.DataFrame
    causes: pd.DataFrame
    warm_ups: Mapping[str, str]
    analysis: WarmStartAnalysis
    causal_design: CausalDesignSettings
    interventions: Sequence[str] = ()

    @cached_property
    def baselines(self) -> tuple[str, ...]:
        """Arms without any warm-up; they have one value per seed and no axis of epochs."""
        longest = self.metrics.groupby("arm").agg({"warm_up_epoch": "max"})["warm_up_epoch"].to_dict()
        return tuple(arm for arm in self.arms if longest.get(arm) == 0)

    @cached_property
    def warmed(self) -> tuple[str, ...]:
        """Arms with a warm-up, drawn against its epochs."""
        return tuple(arm for arm in self.arms if arm not in self.baselines)

    @property
    def networks(self) -> tuple[str, ...]:
        """Arms whose networks figures of every study show."""
        return self.warmed

    def checkpoints(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return the rows of the metrics; the untrained networks are the initialisation of every arm."""
        untrained = rows_where(self.kept, self.kept["arm"].isin(self.baselines[:1]))
        names = ["arm", "seed", self.AXIS, *columns]
        return pd.concat([*(untrained.assign(arm=arm) for arm in self.warmed), self.kept]).filter(names)

    def by_seed(self, arm: str, column: str) -> dict[Any, pd.DataFrame]:
        """Return the arm's finite values of `column` for each seed: `x` (warm-up epoch, ascending) and `value`."""
        rows = self._of(arm).rename(columns={"warm_up_epoch": "x", column: "value"}).sort_values("x")
        rows = rows_where(rows, np.isfinite(rows["value"].astype(float)))
        return {seed: rows_where(rows, rows["seed"] == seed).filter(["x", "value"]) for seed in rows["seed"].unique()}

    def coefficients(self, arm: str, metric: str, window_kind: str, *, method: str = "pearson") -> pd.DataFrame:
        """Return the arm's correlations with full test accuracy, means over seeds, in the order of the windows."""
        rows = self._means_of_seeds.get((arm, metric, window_kind, method), self.correlations.head(0))
        return rows.sort_values("window_end", ignore_index=True)

    def _of(self, arm: str) -> pd.DataFrame:
        return rows_where(self.kept, self.kept["arm"] == arm)

    @cached_property
    def _means_of_seeds(self) -> dict[Any, pd.DataFrame]:
        rows = self.correlations
        rows = rows_where(rows, rows["aggregate"].eq("mean") & rows["outcome"].eq(OUTCOME))
        return dict(iter(rows.groupby(["arm", "metric", "window_kind", "method"])))


def cap_note(tables: FigureTables, arms: Sequence[str]) -> list[str]:
    """Count the fine-tunings of these arms that ended at the cap of epochs, below the stop accuracy."""
    rows = rows_where(tables.metrics, tables.metrics["arm"].isin(arms) & ~tables.metrics["diverged"].eq(True))
    capped = len(rows_where(rows, rows["converged"].eq(False)))
    return [f"{capped} of {len(rows)} fine-tunings stopped at the maximum number of epochs."] if capped else []
