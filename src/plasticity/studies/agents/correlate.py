"""Stage: does what is measured at a checkpoint go with the probe loss there, and with what the agent does?"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plasticity.analysis.blocks import Summary
from plasticity.config.analysis_section import Analysis
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, unknown_numbers, write_table
from plasticity.studies.agents.quantities import PROBE_LOSS, measured_in
from plasticity.studies.over_checkpoints import over_checkpoints
from plasticity.studies.statistics_tables import correlations_table


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
    summary = Summary(settings.confidence)
    return correlations_table(over_checkpoints(frame, metrics, outcomes, axis="step", summary=summary))
