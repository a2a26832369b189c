"""The stage that correlates every metric of a study with the outcome, per arm, seed, method and window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.analysis.analysis_settings import IntervalSettings, check, checked
from plasticity.analysis.blocks import Block, Summary, block_of, table_of
from plasticity.analysis.correlation import CONTROL_METHODS, METHODS
from plasticity.analysis.panel import Panel, panel_of
from plasticity.analysis.windows import SLIDING, phases, sliding_windows
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, unknown_numbers, write_table
from plasticity.studies.warm_start import columns

_KEYS = ("arm", "seed", "warm_up_epoch")
METRICS = [name for name in columns.COLLAPSE.of_kind("int", "float") if name not in _KEYS]
OUTCOMES = [name for name in columns.METRICS.of_kind("int", "float") if name not in (*_KEYS, *METRICS)]
CONTROL = "warm_up_epoch"  # what any monotone function of training time would give
_SLIDING_METHODS = METHODS[:4]


@dataclass(frozen=True, kw_only=True)
class AnalysisSettings(IntervalSettings):
    """The section `analysis` of a study; `window` and `phase_boundary` are in epochs."""

    window: int
    phase_boundary: int
    outcomes: tuple[str, ...] = ("full_test_accuracy",)


def run(job: Job) -> None:
    """Write the correlations table."""
    correlate(job.input["metrics"], job.output["correlations"], settings=job.settings)


def correlate(metrics_path: str | Path, output: str | Path, *, settings: dict[str, Any]) -> None:
    """Write the correlations table of a study.

    An arm with a single checkpoint per seed has nothing to correlate and gets no rows. Every other arm gets a row per
    metric, outcome, method, window and aggregate, with the reason in `note` where a coefficient is undefined.

    Args:
        metrics_path: The study's metrics table.
        output: Where the correlations table goes.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If a setting is missing or out of its range, or the metrics table is damaged.
    """
    _checked(settings)
    frame = read_table(metrics_path, "metrics")
    measured = [*METRICS, *unknown_numbers(metrics_path, "metrics")]
    write_table(correlations_of(frame, settings, measured), output, "correlations", provenance(settings))


def correlations_of(frame: pd.DataFrame, settings: dict[str, Any], metrics: Sequence[str] = METRICS) -> pd.DataFrame:
    """Return the correlations of the "metrics" table, as `correlate` writes them, or those of some metrics alone."""
    section = _checked(settings)
    arms = [rows for _, rows in frame.groupby("arm", sort=False) if len(set(rows["warm_up_epoch"])) > 1]
    panels = [panel_of(rows, [*metrics, CONTROL, *section.outcomes]) for rows in arms]
    return table_of([block for panel in panels for block in _arm_blocks(panel, section, metrics)])


def _checked(settings: dict[str, Any]) -> AnalysisSettings:
    found = checked(AnalysisSettings, settings, OUTCOMES)
    ranges = {
        "window": (found.window >= 1, "at least 1 epoch"),
        "phase_boundary": (found.phase_boundary >= 0, "at least epoch 0"),
    }
    check(found, ranges)
    return found


def _arm_blocks(panel: Panel, settings: AnalysisSettings, names: Sequence[str]) -> Iterator[Block]:
    summary = Summary(settings.confidence)
    windows = [*sliding_windows(panel.epochs, settings.window), *phases(panel.epochs, settings.phase_boundary)]
    for outcome in settings.outcomes:
        for window in windows:
            part = panel.within(window)
            for method in _SLIDING_METHODS if window.kind == SLIDING else METHODS:
                metrics = [*names, CONTROL] if method in CONTROL_METHODS else names
                yield block_of(part, window, metrics=metrics, outcome=outcome, method=method, summary=summary)
