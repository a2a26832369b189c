"""The tables of the statistics: what a plan says of the arms as an experiment, and rows in the form of their schema."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from plasticity.analysis.blocks import Block
from plasticity.analysis.doses import CausalDesign, Series
from plasticity.analysis.estimates import Row
from plasticity.analysis.verdict import corrected, judged
from plasticity.config.analysis_section import CausalDesignSettings
from plasticity.storage.schemas import Table
from plasticity.studies.statistics_columns import CAUSES, CORRELATIONS

_KINDS = {"str": "object", "int": "Int64", "float": "float64"}


def causal_design_of(settings: CausalDesignSettings, pairs: tuple[str, ...]) -> CausalDesign:
    """Return the experiment that a plan describes.

    Args:
        settings: Control, treatments and dose series.
        pairs: Columns that a treated network shares with its control.
    """
    series = tuple(Series(each.name, each.doses) for each in settings.series)
    return CausalDesign(settings.control, settings.treatments, series, pairs)


def causes_table(rows: Iterable[Row], confidence: float) -> pd.DataFrame:
    """Return the table "causes" from the rows of all questions, corrected and judged.

    Args:
        rows: Rows of `estimates.row_of`.
        confidence: Level of the intervals.
    """
    frame = pd.DataFrame(list(rows))
    frame = pd.DataFrame(columns=CAUSES.names) if frame.empty else judged(corrected(frame), confidence)
    return _typed(frame.filter(CAUSES.names), CAUSES)


def correlations_table(blocks: Iterable[Block]) -> pd.DataFrame:
    """Return the table "correlations" that holds the blocks' rows, in their order."""
    names, blocks = CORRELATIONS.names, list(blocks)
    joined = {name: np.concatenate([block[name] for block in blocks]) if blocks else [] for name in names}
    return _typed(pd.DataFrame(joined), CORRELATIONS)


def _typed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    return frame.astype({column.name: _KINDS[column.kind] for column in table.columns})
