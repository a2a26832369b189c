"""The table of causes of a small study, computed as the stage does, without the slow regressions."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from plasticity.analysis.beyond_length import FORMS, beyond_length
from plasticity.analysis.doses import dose_response
from plasticity.analysis.inference import Level
from plasticity.analysis.mediation import mediation
from plasticity.analysis.published_effects import PERMUTED, WARM_START
from plasticity.analysis.transitions import Transitions
from plasticity.config.analysis_section import CausalDesignSettings, DoseSeries
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.statistics_tables import causal_design_of, causes_table

T = TypeVar("T")
LEVEL = Level(confidence=0.95)
PENALTY = {"nc1_spread": -0.05, "warm_start": 0.0, "nc1_collapse": 0.05}
DECAY = {"warm_start": 0.0, "weight_decay_0.01": 0.01, "weight_decay_0.1": 0.1}


def design_of_arms(arms: tuple[str, ...]) -> CausalDesignSettings:
    """Return the design of a warm-start study with the usual names of arms."""
    series = []
    for name, known in (("NC1 penalty weight", PENALTY), ("weight decay", DECAY)):
        doses = {arm: dose for arm, dose in known.items() if arm in arms}
        if len(doses) > 1:
            series.append(DoseSeries(name=name, doses=doses))
    control = "warm_start" if "warm_start" in arms else ""
    treatments = [arm for arm in arms if arm not in {"random_init", control}]
    return CausalDesignSettings(control=control, treatments=tuple(treatments), series=tuple(series))


def make_causes(
    folder: Path, window: Transitions, design: CausalDesignSettings, pairs: tuple[str, ...]
) -> pd.DataFrame:
    """Return the table of a window, written and read as the workflow does."""
    known = causal_design_of(design, pairs)
    rows = [
        *beyond_length(window, tuple(FORMS), LEVEL, {**WARM_START, **PERMUTED}),
        *dose_response(window, known, LEVEL, WARM_START),
        *mediation(window, known, LEVEL),
    ]
    write_table(causes_table(rows, 0.95), folder / "causes.parquet", "causes")
    return read_table(folder / "causes.parquet", "causes")


def made_when_read(tables: T, **made: Callable[[], pd.DataFrame]) -> T:
    """Return a study's tables, of which these are computed when they are first read: few tests do."""

    def missing(self: Any, name: str) -> pd.DataFrame:
        if name not in made:
            raise AttributeError(name)
        object.__setattr__(self, name, made[name]())
        return getattr(self, name)

    kind: Any = type(tables)
    later = type(kind.__name__, (kind,), {"__getattr__": missing})
    copied = later(**{field.name: getattr(tables, field.name) for field in fields(kind)})
    for name in made:
        object.__delattr__(copied, name)
    return copied
