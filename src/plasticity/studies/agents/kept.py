"""Outcomes, the falsification test and correlations of a kept run in few rows, with intervals over seeds."""

from collections.abc import Mapping
from typing import cast

import pandas as pd

from plasticity.report.kept_runs.cells import by_arm, geometric_mean_text, mean_text
from plasticity.report.kept_runs.kept_page import Content
from plasticity.studies.agents.pages import falsification as page
from plasticity.studies.agents.pages.correlations import rows as correlation_rows
from plasticity.studies.agents.pages.outcomes import with_change
from plasticity.studies.agents.quantities import PROBE_LOSS, TESTED

Labels = Mapping[str, str]


def outcomes(metrics: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per arm: behaviour, probe loss and what the networks have left at the last checkpoint."""
    rows = []
    for arm, part in by_arm(with_change(metrics)):
        probed = PROBE_LOSS in part
        rows.append(
            {
                "arm": labels[arm],
                "seeds": part["seed"].nunique(),
                "steps": int(part["step"].max()),
                "reward": mean_text(part["reward"], confidence, ".3f"),
                "right actions, %": mean_text(part["right_actions"] * 100, confidence, ".1f"),
                "probe loss": mean_text(part[PROBE_LOSS], confidence, ".3f") if probed else "–",
                "change of probe loss": mean_text(part["change"], confidence, "+.3f") if probed else "–",
                "NC1": geometric_mean_text(part["nc1"], confidence),
                "dead units, %": mean_text(part["dead_units"] * 100, confidence, ".1f"),
                "effective rank": mean_text(part["effective_rank"], confidence, ".3g"),
                "weight norm": mean_text(part["weight_norm"], confidence, ".3g"),
                "diverged": int(part["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


def falsification(content: Content) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the falsification test; nothing where no probe was measured."""
    table = content.more["falsification"]
    if table.empty:
        return []
    return [("Falsification", page.NOTE, page.rows(table, dict(content.labels)))]


def correlations(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return the tested quantities and the control against probe loss and right actions, where any is defined."""
    rows = correlation_rows(table, dict(labels))
    if rows.empty:
        return rows
    return cast("pd.DataFrame", rows.loc[rows["metric"].isin([*TESTED, "step"]) & rows["seeds"].gt(0)])
