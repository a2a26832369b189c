"""Correlations over the checkpoints or tasks of an arm, with their number as control."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from plasticity.analysis.blocks import Block, Summary, block_of
from plasticity.analysis.correlation import CONTROL_METHODS, METHODS
from plasticity.analysis.panel import Panel, panel_of
from plasticity.analysis.windows import Window

_LEAST_CHECKPOINTS = 3


def over_checkpoints(
    frame: pd.DataFrame, names: Sequence[str], outcomes: Sequence[str], *, axis: str, summary: Summary
) -> Iterator[Block]:
    """Yield the blocks of every arm with at least three checkpoints, over all of them.

    Args:
        frame: A row per arm, seed and checkpoint.
        names: What is correlated.
        outcomes: With what.
        axis: What counts the checkpoints; it is the control, what any quantity that drifts would give.
        summary: How the seeds are summed up.
    """
    for _, rows in frame.groupby("arm", sort=False):
        if len(set(rows[axis])) >= _LEAST_CHECKPOINTS:
            panel = panel_of(rows, [*names, axis, *outcomes], axis=axis)
            yield from in_window(panel, whole(panel), names, outcomes, control=axis, summary=summary)


def in_window(
    panel: Panel,
    window: Window,
    names: Sequence[str],
    outcomes: Iterable[str],
    *,
    control: str,
    summary: Summary,
    methods: Sequence[str] = METHODS,
) -> Iterator[Block]:
    """Yield a block per outcome and method; methods that do not adjust for the control have a row of it, too."""
    for outcome in outcomes:
        for method in methods:
            metrics = [*names, control] if method in CONTROL_METHODS else names
            yield block_of(panel, window, metrics=metrics, outcome=outcome, method=method, summary=summary)


def whole(panel: Panel) -> Window:
    """Return the window of all checkpoints of a panel."""
    return Window("all", int(panel.epochs.min()), int(panel.epochs.max()))
