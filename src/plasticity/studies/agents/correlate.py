"""Stage: does what is measured at a checkpoint go with the probe loss there, and with what the agent does?"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from plasticity.analysis.blocks import Block, Summary, block_of
from plasticity.analysis.correlation import CONTROL_METHODS, METHODS
from plasticity.analysis.panel import panel_of
from plasticity.analysis.windows import Window
from plasticity.config.analysis_section import Analysis
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, unknown_numbers, write_table
from plasticity.studies.agents.quantities import PROBE_LOSS, measured_in
from plasticity.studies.statistics_tables import correlations_table

CONTROL = "step"  # what any quantity that drifts would give
_LEAST_CHECKPOINTS = 3


def run(job: Job) -> None:
    """Write the correlations table."""
    correlate_agents(job.input["metrics"], job.output["correlations"], settings=job.slice(Analysis))


def correlate_agents(metrics_path: str | Path, output: str | Path, *, settings: Analysis) -> None:
    """Write the correlations over the checkpoints of every arm with at least three.

    Args:
        metrics_path: The study's table "agents".
        output: Where the correlations table goes.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If the table is missing or damaged.
    """
    frame = read_table(metrics_path, "agents")
    found = correlations_of(frame, settings, measured_in(unknown_numbers(metrics_path, "agents")))
    write_table(found, output, "correlations", provenance(settings.plain()))


def correlations_of(frame: pd.DataFrame, settings: Analysis, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the correlations of some columns of the "agents" table."""
    outcomes = [name for name in (PROBE_LOSS, "right_actions") if name in frame]
    return correlations_table(list(_blocks(frame, metrics, outcomes, Summary(settings.confidence))))


def _blocks(frame: pd.DataFrame, names: Sequence[str], outcomes: Sequence[str], summary: Summary) -> Iterator[Block]:
    for _, rows in frame.groupby("arm", sort=False):
        if len(set(rows[CONTROL])) < _LEAST_CHECKPOINTS:
            continue
        panel = panel_of(rows, [*names, CONTROL, *outcomes], axis=CONTROL)
        window = Window("all", int(panel.epochs[0]), int(panel.epochs[-1]))
        for outcome in outcomes:
            for method in METHODS:
                metrics = [*names, CONTROL] if method in CONTROL_METHODS else names
                yield block_of(panel, window, metrics=metrics, outcome=outcome, method=method, summary=summary)
