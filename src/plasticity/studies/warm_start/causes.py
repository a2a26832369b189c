"""Stage: does collapse explain what is learnt from the full data, or does the warm-up's length drive both?"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from plasticity.analysis.beyond_length import CONTROL_FORMS, WARM_START_FORMS, beyond_length
from plasticity.analysis.doses import CausalDesign, dose_response
from plasticity.analysis.estimates import Row
from plasticity.analysis.inference import Level
from plasticity.analysis.mediation import mediation
from plasticity.analysis.mixed import FORMS, mixed_effects
from plasticity.analysis.networks_needed import power_rows
from plasticity.analysis.published_effects import WARM_START
from plasticity.analysis.transitions import of_warm_start
from plasticity.analysis.windows import phases
from plasticity.config.analysis_section import WarmStartCausesSettings
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.statistics_tables import causal_design_of, causes_table

_PAIRS = ("seed", "length")


def run(job: Job) -> None:
    """Write the table of causes."""
    find_causes(job.input["metrics"], job.output["causes"], settings=job.slice(WarmStartCausesSettings))


def find_causes(metrics_path: str | Path, output: str | Path, *, settings: WarmStartCausesSettings) -> None:
    """Write the table "causes" of the warm-start study.

    Correlations are taken in the whole warm-up and in its phases, the design of the arms in the whole warm-up.

    Args:
        metrics_path: The study's "metrics" table.
        output: Where the table goes.
        settings: Level of the intervals, end of the first phase, and the arms as an experiment.

    Raises:
        PlasticityError: If the metrics table is missing or damaged.
    """
    found = causes_of(read_table(metrics_path, "metrics"), settings)
    write_table(found, output, "causes", provenance(settings.plain()))


def causes_of(metrics: pd.DataFrame, settings: WarmStartCausesSettings) -> pd.DataFrame:
    """Return the causes of the "metrics" table, as `find_causes` writes them.

    Args:
        metrics: The table.
        settings: As of the stage.
    """
    level, design = Level(confidence=settings.confidence), causal_design_of(settings, _PAIRS)
    return causes_table(_rows(metrics, design, level, settings.phase_boundary), level.confidence)


def _rows(metrics: pd.DataFrame, design: CausalDesign, level: Level, boundary: int) -> Iterator[Row]:
    epochs = metrics["warm_up_epoch"].to_numpy()
    windows = [(window.kind, window.start, window.end) for window in phases(epochs[epochs > 0], boundary)]
    parts = {window[0]: of_warm_start(metrics, window) for window in windows}
    for part in parts.values():
        yield from beyond_length(part, WARM_START_FORMS, level, WARM_START)
        yield from beyond_length(part.of([design.control]), CONTROL_FORMS, level, WARM_START, arm=design.control)
    if whole := parts.get("all"):
        yield from mixed_effects(whole, tuple(FORMS), level)
        yield from dose_response(whole, design, level, WARM_START)
        yield from mediation(whole, design, level)
    yield from power_rows(WARM_START, parts, level.confidence)
