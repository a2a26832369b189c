"""The stage that correlates every metric of a study with the outcome, per arm, seed, method and window."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from plasticity.analysis.blocks import Block, Summary
from plasticity.analysis.correlation import METHODS
from plasticity.analysis.panel import Panel, panel_of
from plasticity.analysis.windows import SLIDING, phases, sliding_windows
from plasticity.config.analysis_section import WarmStartAnalysis
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, unknown_numbers, write_table
from plasticity.studies.over_checkpoints import in_window
from plasticity.studies.statistics_tables import correlations_table
from plasticity.studies.warm_start import columns

_KEYS = ("arm", "seed", "warm_up_epoch")
METRICS = [name for name in columns.COLLAPSE.of_kind("int", "float") if name not in _KEYS]
CONTROL = "warm_up_epoch"  # what any monotone function of training time would give
_SLIDING_METHODS = METHODS[:4]


def run(job: Job) -> None:
    """Write the correlations table."""
    correlate(job.input["metrics"], job.output["correlations"], settings=job.slice(WarmStartAnalysis))


def correlate(metrics_path: str | Path, output: str | Path, *, settings: WarmStartAnalysis) -> None:
    """Write the correlations table of a study.

    An arm with a single checkpoint per seed has nothing to correlate and gets no rows. Every other arm gets a row per
    metric, outcome, method, window and aggregate, with the reason in `note` where a coefficient is undefined.

    Args:
        metrics_path: The study's metrics table.
        output: Where the correlations table goes.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If the metrics table is missing or damaged.
    """
    frame = read_table(metrics_path, "metrics")
    measured = [*METRICS, *unknown_numbers(metrics_path, "metrics")]
    write_table(correlations_of(frame, settings, measured), output, "correlations", provenance(settings.plain()))


def correlations_of(frame: pd.DataFrame, settings: WarmStartAnalysis, metrics: Sequence[str] = METRICS) -> pd.DataFrame:
    """Return the correlations of the "metrics" table, as `correlate` writes them, or those of some metrics alone."""
    arms = [rows for _, rows in frame.groupby("arm", sort=False) if len(set(rows["warm_up_epoch"])) > 1]
    panels = [panel_of(rows, [*metrics, CONTROL, *_outcomes(settings)]) for rows in arms]
    return correlations_table([block for panel in panels for block in _arm_blocks(panel, settings, metrics)])


def _arm_blocks(panel: Panel, settings: WarmStartAnalysis, names: Sequence[str]) -> Iterator[Block]:
    summary = Summary(settings.confidence)
    windows = [*sliding_windows(panel.epochs, settings.window), *phases(panel.epochs, settings.phase_boundary)]
    for outcome in _outcomes(settings):
        for window in windows:
            part, methods = panel.within(window), _SLIDING_METHODS if window.kind == SLIDING else METHODS
            yield from in_window(part, window, names, [outcome], control=CONTROL, summary=summary, methods=methods)


def _outcomes(settings: WarmStartAnalysis) -> tuple[str, ...]:
    return settings.outcomes or ("full_test_accuracy",)
