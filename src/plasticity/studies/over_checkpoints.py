"""Correlations over the checkpoints of single runs, for studies in which time is the rival explanation."""

from collections.abc import Sequence

import pandas as pd

from plasticity.analysis.blocks import Summary, block_of
from plasticity.analysis.correlation import CONTROL_METHODS, METHODS
from plasticity.analysis.panel import panel_of
from plasticity.analysis.windows import Window
from plasticity.studies.statistics_tables import correlations_table

_LEAST_CHECKPOINTS = 3


def over_checkpoints(
    frame: pd.DataFrame, names: Sequence[str], outcomes: Sequence[str], *, axis: str, confidence: float
) -> pd.DataFrame:
    """Return the correlations table of some columns with outcomes, for every arm with at least three checkpoints.

    Args:
        frame: A row per arm, seed and checkpoint.
        names: What is correlated.
        outcomes: With what.
        axis: What counts the checkpoints; it is the control, what any quantity that drifts would give.
        confidence: Level of the intervals.
    """
    blocks, summary = [], Summary(confidence)
    for _, rows in frame.groupby("arm", sort=False):
        if len(set(rows[axis])) < _LEAST_CHECKPOINTS:
            continue
        panel = panel_of(rows, [*names, axis, *outcomes], axis=axis)
        window = Window("all", int(panel.epochs[0]), int(panel.epochs[-1]))
        for outcome in outcomes:
            for method in METHODS:
                metrics = [*names, axis] if method in CONTROL_METHODS else names
                blocks.append(block_of(panel, window, metrics=metrics, outcome=outcome, method=method, summary=summary))
    return correlations_table(blocks)
