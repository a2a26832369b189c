"""What a figure of the study of agents is drawn from: its tables, and what had to be left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import pandas as pd

from plasticity.config.page_slices import AgentsDisplay
from plasticity.report.figures.arm_styles import ArmStyle, arm_styles
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.summaries import rows_where
from plasticity.studies.agents.falsify import last_of
from plasticity.studies.agents.quantities import PROBE_LOSS

ENVIRONMENTS = {
    "true_label": ArmStyle("#0072B2", "o"),
    "random_label": ArmStyle("#D55E00", "s"),
    "sparse": ArmStyle("#009E73", "^"),
}
"""Environment -> how its agents are drawn."""


@dataclass(frozen=True, kw_only=True)
class AgentTables(StudyTables):
    """The tables "agents", "falsification" and "correlations" of a study, and what is needed to read them."""

    SCHEMAS: ClassVar[Mapping[str, str]] = {
        "metrics": "agents",
        "falsification": "falsification",
        "correlations": "correlations",
    }
    SETTINGS = AgentsDisplay

    falsification: pd.DataFrame

    @cached_property
    def methods(self) -> dict[str, ArmStyle]:
        """Style of every arm without its environment, the same in all of them."""
        return arm_styles(tuple(dict.fromkeys(method_of(arm) for arm in self.arms)))

    def method_label(self, arm: str) -> str:
        """Return the arm's name in legends without its environment."""
        words = environment_of(arm).replace("_", " ")
        return self.label(arm).removesuffix(words).strip(" ,") or words

    @property
    def probed(self) -> bool:
        """Whether plasticity probes were measured."""
        return PROBE_LOSS in self.metrics and bool(self.metrics[PROBE_LOSS].notna().any())

    @cached_property
    def last(self) -> pd.DataFrame:
        """Rows of the agents' last checkpoints, without those that diverged."""
        rows = last_of(self.metrics)
        return rows_where(rows, ~rows["diverged"].eq(True))


def environment_of(arm: str) -> str:
    """Return the environment in an arm's name; empty for none."""
    return next((name for name in ENVIRONMENTS if arm.endswith(f"_{name}")), "")


def method_of(arm: str) -> str:
    """Return an arm's name without its environment."""
    return arm.removesuffix(f"_{environment_of(arm)}")
