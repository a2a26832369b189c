"""Tables that can decide nothing: they say so, and why, and no sentence and no verdict says a direction."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from simulated.warm_starts import DESIGN, warm_start_table

from plasticity.analysis.verdict import VERDICTS
from plasticity.config.analysis_section import WarmStartAnalysis, WarmStartCausesSettings
from plasticity.report.summary.finding import correlation, together
from plasticity.report.summary.words import side, why_open
from plasticity.studies.warm_start.causes import causes_of
from plasticity.studies.warm_start.correlate import correlations_of

ANALYSIS = {"confidence": 0.95, "phase_boundary": 24}
DIRECTIONS = {"supports", "contradicts", "above zero", "below zero", "smaller than published"}
METRICS = ["nc1", "nc2", "nc3", "nc4", "weight_norm", "effective_rank", "dead_units"]

TABLES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "one seed": (lambda rows: rows.loc[rows["seed"] == 1], "1 seed, no interval"),
    "two seeds": (lambda rows: rows.loc[rows["seed"] <= 2], ""),
    "constant accuracy": (lambda rows: rows.assign(full_test_accuracy=0.6, plasticity_gap=0.0), "undefined"),
    "constant metrics": (lambda rows: rows.assign(**dict.fromkeys(METRICS, 1.0)), "undefined"),
    "all diverged": (lambda rows: rows.assign(diverged=True), ""),
}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """A study of three seeds with effects, which decides something."""
    return warm_start_table(np.random.default_rng(3), 3, effect=True)


def causes(rows: pd.DataFrame) -> pd.DataFrame:
    found = causes_of(rows, WarmStartCausesSettings.of({**ANALYSIS, **DESIGN}))
    assert set(found["verdict"]) <= set(VERDICTS)
    return found.loc[found["outcome"].eq("accuracy") & found["question"].ne("power")]


@pytest.mark.parametrize("name", TABLES)
def test_they_decide_nothing_and_say_why(rows: pd.DataFrame, name: str) -> None:
    change, why = TABLES[name]
    found = causes(change(rows))
    if name == "constant metrics":  # what arms do to accuracy needs none
        found = found.loc[found["question"].ne("dose_response")]
    assert set(found["verdict"]) & DIRECTIONS == set()
    assert found.loc[found["verdict"].eq("undefined"), "note"].ne("").all()
    assert not why or found["note"].str.contains(why).any()
    table = correlations_of(change(rows), WarmStartAnalysis.of({**ANALYSIS, "window": 24}), ["nc1"])
    table = table.loc[table["aggregate"].eq("mean") & table["metric"].eq("nc1")]
    assert table.loc[table["estimate"].isna(), "note"].ne("").all()
    said = together([correlation(row) for row in table.to_dict("records")], 0.95)
    assert [side(value) for value in said] == [0] * len(table)
    assert all(why_open(value) for value in said)


def test_without_the_control_no_arms_are_compared(rows: pd.DataFrame) -> None:
    assert set(causes(rows)["verdict"]) & DIRECTIONS
    found = causes(rows.loc[rows["arm"].ne(DESIGN["control"])])
    assert set(found["question"]) <= {"beyond_length", "dose_response"}
    doses = found.loc[found["question"].eq("dose_response")]
    assert set(doses["verdict"]) & DIRECTIONS == set()
