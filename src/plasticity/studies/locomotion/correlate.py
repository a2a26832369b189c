"""Stage: does what a network has left at a change of friction go with what it is rewarded before and after?"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plasticity.analysis.blocks import Summary
from plasticity.config.analysis_section import Analysis
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, unknown_numbers, write_table
from plasticity.studies.locomotion.quantities import measured_in
from plasticity.studies.over_checkpoints import over_checkpoints
from plasticity.studies.statistics_tables import correlations_table

OUTCOMES = ("next_return", "last_return")


def run(job: Job) -> None:
    """Write the correlations table."""
    correlate_locomotion(job.input["metrics"], job.output["correlations"], settings=job.slice(Analysis))


def correlate_locomotion(metrics_path: str | Path, output: str | Path, *, settings: Analysis) -> None:
    """Write the correlations over the tasks of every arm with at least three checkpoints.

    Args:
        metrics_path: The study's table "locomotion".
        output: Where the correlations table goes.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If the table is missing or damaged.
    """
    frame = read_table(metrics_path, "locomotion")
    found = correlations_of(frame, settings, measured_in(unknown_numbers(metrics_path, "locomotion")))
    write_table(found, output, "correlations", provenance(settings.plain()))


def correlations_of(frame: pd.DataFrame, settings: Analysis, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the correlations of some columns of the "locomotion" table."""
    summary = Summary(settings.confidence)
    return correlations_table(over_checkpoints(frame, metrics, OUTCOMES, axis="task", summary=summary))
