"""Stage: does collapse explain what is learnt of the next permutation, or does training drive both?"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from plasticity.analysis.beyond_length import PERMUTED_FORMS, TASK_FORMS, beyond_length
from plasticity.analysis.doses import CausalDesign, dose_response
from plasticity.analysis.estimates import Row
from plasticity.analysis.inference import Level
from plasticity.analysis.mediation import mediation
from plasticity.analysis.mixed import SEQUENCE_FORMS, mixed_effects
from plasticity.analysis.networks_needed import power_rows
from plasticity.analysis.published_effects import PERMUTED
from plasticity.analysis.transitions import of_permuted
from plasticity.config.analysis_section import CausesSettings
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.statistics_tables import causal_design_of, causes_table

_PAIRS = ("seed",)  # arms differ in the length of the first task: a pair cannot share it


def run(job: Job) -> None:
    """Write the table of causes."""
    find_causes_permuted(job.input["metrics"], job.output["causes"], settings=job.slice(CausesSettings))


def find_causes_permuted(metrics_path: str | Path, output: str | Path, *, settings: CausesSettings) -> None:
    """Write the table "causes" of the permuted study.

    Three windows: from the first task to the second, over the arms that end the first task differently; the same over
    those that end it at a threshold of NC1, which is the paper's experiment; and from each task of the control to its
    next one.

    Args:
        metrics_path: The study's table "permuted".
        output: Where the table goes.
        settings: Level of the intervals, and the arms as an experiment.

    Raises:
        PlasticityError: If the table is missing or damaged.
    """
    found = causes_of(read_table(metrics_path, "permuted"), settings)
    write_table(found, output, "causes", provenance(settings.plain()))


def causes_of(metrics: pd.DataFrame, settings: CausesSettings) -> pd.DataFrame:
    """Return the causes of the "permuted" table, as `find_causes_permuted` writes them.

    Args:
        metrics: The table.
        settings: As of the stage.
    """
    level, design = Level(confidence=settings.confidence), causal_design_of(settings, _PAIRS)
    return causes_table(_rows(metrics, design, level), level.confidence)


def _rows(metrics: pd.DataFrame, design: CausalDesign, level: Level) -> Iterator[Row]:
    second = of_permuted(metrics, [design.control, *design.treatments], tasks=False)
    tasks = of_permuted(metrics, [design.control], tasks=True)
    yield from beyond_length(second, PERMUTED_FORMS, level, PERMUTED)
    yield from mixed_effects(second, SEQUENCE_FORMS, level)
    yield from dose_response(second, design, level, PERMUTED)
    yield from mediation(second, design, level)
    thresholds = second.of([arm for each in design.series if "NC1" in each.name for arm in each.doses], "thresholds")
    yield from beyond_length(thresholds, PERMUTED_FORMS, level, PERMUTED)
    yield from beyond_length(tasks, TASK_FORMS, level, PERMUTED, arm=design.control)
    yield from mixed_effects(tasks, SEQUENCE_FORMS, level)
    yield from power_rows(PERMUTED, {"thresholds": thresholds}, level.confidence)
