"""The tables of causes of both studies: any direction of a question, the declared answer, sizes, and intervals.

With an effect a direction is wrong where it is not that of the truth. That of correlations with ln NC1 is known; that
of slopes, contrasts and mediated effects follows from what the tables are made of; that of regressions on ln NC1 is
their limit over very many seeds, in the window whose intervals are counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from simulated import EFFECTS, sequences, warm_starts

from plasticity.analysis.beyond_length import (
    CONTROL_FORMS,
    FORMS,
    PERMUTED_FORMS,
    WARM_START_FORMS,
    adjusted,
    coefficient,
)
from plasticity.analysis.doses import CausalDesign
from plasticity.analysis.estimates import MEDIATOR
from plasticity.analysis.jackknife import fisher_z
from plasticity.analysis.mixed import FORMS as REGRESSIONS
from plasticity.analysis.mixed import SEQUENCE_FORMS, fitted
from plasticity.analysis.transitions import Transitions, distinct, of_permuted, of_warm_start
from plasticity.config.analysis_section import CausesSettings, WarmStartCausesSettings
from plasticity.studies.continual import causes as of_sequences
from plasticity.studies.statistics_tables import causal_design_of
from plasticity.studies.warm_start import causes as of_warm_starts
from rates import CONFIDENCE
from rates.tally import Tally

_DIRECTIONS = ["supports", "contradicts", "above zero", "below zero"]
_QUESTIONS = ("beyond_length", "dose_response", "mediation")
_SMALLER = "smaller than published"
TRUTH_SEEDS, TRUTH_STUDIES = 200, 10

Key = tuple[str, str]
"""Quantity and treatment."""


@dataclass(frozen=True)
class Design:
    """A study with a table of causes: how it is simulated and analysed, and what is true with the effect.

    `window` has the correlations and `regressions` whose intervals are counted, the former in these `forms`. In those
    that are `positive`, ln NC1 goes with accuracy, but for the window that is `unrelated`. Of each other quantity, the
    intervals of one treatment are `shown`.
    """

    name: str
    table: Callable[..., pd.DataFrame]
    causes: Callable[..., pd.DataFrame]
    transitions: Callable[[pd.DataFrame], Transitions]
    arms: CausalDesign
    window: str
    forms: tuple[str, ...]
    regressions: tuple[str, ...]
    positive: tuple[str, ...]
    effects: Mapping[Key, float]
    shown: Mapping[str, str]
    at_size: bool = False
    unrelated: str = ""

    def true(self, key: Key, *, effect: bool) -> float | None:
        """Return the true value of an effect; None where it is not known."""
        return self.effects.get(key) if effect else 0.0


def _warm_start_effects() -> dict[Key, float]:
    """Return the effects on accuracy: of arms in all, through ln NC1 and beside it, and of the dose series."""
    found: dict[Key, float] = {}
    for arm in warm_starts.ARMS[1:]:
        gain, through = warm_starts.GAINS.get(arm, 0.0), warm_starts.SLOPE * warm_starts.SHIFTS.get(arm, 0.0)
        found |= {("contrast", arm): gain, ("indirect", arm): through, ("direct", arm): gain - through}
        found["mediator_slope", arm] = warm_starts.SLOPE
    doses = np.array(list(warm_starts.DOSES.values()))
    gain, shift = (
        float(doses @ [of.get(arm, 0.0) for arm in warm_starts.DOSES] / (doses @ doses))
        for of in (warm_starts.GAINS, warm_starts.SHIFTS)
    )
    through = warm_starts.SLOPE * shift
    series = {"slope": gain, "indirect": through, "direct": gain - through, "mediator_slope": warm_starts.SLOPE}
    return found | {(quantity, "NC1 penalty"): value for quantity, value in series.items()}


def _sequence_effects() -> dict[Key, float]:
    """Return the slope of accuracy on ln NC1 at equal length, which is all that the arms' lengths leave."""
    return {
        ("mediator_slope", arm): sequences.PER_LOG_NC1 for arm in (*sequences.DESIGN["treatments"], "first-task epochs")
    }


def _shown(arm: str, series: str) -> dict[str, str]:
    return {"contrast": arm, **dict.fromkeys(("slope", "direct", "indirect", "mediator_slope"), series)}


_WARM_SETTINGS = WarmStartCausesSettings.of({"confidence": CONFIDENCE, "phase_boundary": 24, **warm_starts.DESIGN})
_SEQUENCE_SETTINGS = CausesSettings.of({"confidence": CONFIDENCE, **sequences.DESIGN})
_SEQUENCE_ARMS = [sequences.DESIGN["control"], *sequences.DESIGN["treatments"]]
WARM_STARTS = Design(
    "warm starts",
    warm_starts.warm_start_table,
    lambda rows: of_warm_starts.causes_of(rows, _WARM_SETTINGS),
    lambda rows: of_warm_start(rows, ("all", 6, 48)),
    causal_design_of(_WARM_SETTINGS, ("seed", "length")),
    "all",
    WARM_START_FORMS,
    tuple(REGRESSIONS),
    (*WARM_START_FORMS, *CONTROL_FORMS),
    _warm_start_effects(),
    _shown("nc1_spread", "NC1 penalty"),
    at_size=True,
)
SEQUENCES = Design(
    "sequences",
    sequences.first_task_table,
    lambda rows: of_sequences.causes_of(rows, _SEQUENCE_SETTINGS),
    lambda rows: of_permuted(rows, _SEQUENCE_ARMS, tasks=False),
    causal_design_of(_SEQUENCE_SETTINGS, ("seed",)),
    "second_task",
    PERMUTED_FORMS,
    SEQUENCE_FORMS,
    ("within_length",),
    _sequence_effects(),
    _shown("length_10", "first-task epochs"),
    unrelated="all",
)


def of_tables(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count tables of causes; with the effect, a quarter as many."""
    for design in (WARM_STARTS, SEQUENCES):
        for effect, name in EFFECTS.items():
            number = max(1, studies // 4) if effect else studies
            tables = [design.causes(design.table(random, seeds, effect=effect)) for _ in range(number)]
            for table in tables:
                _count(design, table, tally, f"causes of {design.name}", name, effect=effect)
            _intervals(design, pd.concat(tables), tally, name, effect=effect)


def _count(design: Design, table: pd.DataFrame, tally: Tally, kind: str, name: str, *, effect: bool) -> None:
    """Count the questions about accuracy of a table: any direction of any of their rows, and any that is wrong."""
    table = table.loc[table["outcome"].eq("accuracy")]
    decided = table["verdict"].isin(_DIRECTIONS).to_numpy()
    wrong = np.array([_wrong(design, row, effect=effect) for row in table.to_dict("records")]) & decided
    asked = {question: table["question"].eq(question).to_numpy() for question in _QUESTIONS}
    asked["the declared answer"] = table["note"].str.startswith("declared beforehand").to_numpy()
    for question, own in asked.items():
        tally.add(f"{kind}: {question}, {name}", decided=bool(decided[own].any()), wrong=bool(wrong[own].any()))
    if effect and design.at_size:
        of_this_size = [key in {("contrast", "nc1_spread"), ("contrast", "shrink_perturb")} for key in _keys(table)]
        smaller = bool((table["verdict"].eq(_SMALLER).to_numpy() & of_this_size).any())
        tally.add(f"{kind}: {_SMALLER}, {name}", decided=smaller, wrong=smaller)


def _keys(table: pd.DataFrame) -> list[Key]:
    return list(zip(table["quantity"], table["treatment"], strict=True))


def _wrong(design: Design, row: Mapping[Any, Any], *, effect: bool) -> bool:
    """Say whether the row's sign is not that of the truth; unknown truths cannot be missed."""
    if row["quantity"] == "regression_slope":
        known = not effect or row["window_kind"] == design.window
        truth = _truths(design.name, effect)[row["method"]] if known else None
    elif row["quantity"] != "correlation":
        truth = design.true((row["quantity"], row["treatment"]), effect=effect)
    elif effect and not (row["metric"] == MEDIATOR and row["method"] in design.positive):
        truth = None
    else:
        truth = float(effect and row["window_kind"] != design.unrelated)
    return truth is not None and np.sign(row["estimate"]) != np.sign(truth)


def _intervals(design: Design, table: pd.DataFrame, tally: Tally, name: str, *, effect: bool) -> None:
    """Count the intervals of quantities whose truth is known, one of each in a study."""
    columns = ["ci_low", "ci_high"]
    own = table["metric"].eq(MEDIATOR) & table["window_kind"].eq(design.window) & table["treatment"].eq("")
    own &= table["quantity"].isin(["correlation", "regression_slope"])
    for form in (*design.forms, *design.regressions):
        rows = table.loc[own & table["method"].eq(form)]
        truth = _truths(design.name, effect)[form]
        tally.intervals(f"causes of {design.name}: {form}, {name}", rows[columns].to_numpy(float).T, truth)
    table = table.loc[table["outcome"].eq("accuracy")]
    for quantity, treatment in design.shown.items():
        truth = design.true((quantity, treatment), effect=effect)
        if truth is not None:
            rows = table.loc[table["quantity"].eq(quantity) & table["treatment"].eq(treatment)]
            tally.intervals(f"causes of {design.name}: {quantity}, {name}", rows[columns].to_numpy(float).T, truth)


@cache
def _truths(name: str, effect: bool) -> dict[str, float]:
    """Return what ln NC1 says of accuracy over very many seeds, in every form and regression; without an effect, 0."""
    design = next(each for each in (WARM_STARTS, SEQUENCES) if each.name == name)
    if not effect:
        return dict.fromkeys((*design.forms, *design.regressions), 0.0)
    random, z, slopes = np.random.default_rng(0), list[list[float]](), list[list[float]]()
    for _ in range(TRUTH_STUDIES):
        rows = distinct(design.transitions(design.table(random, TRUTH_SEEDS, effect=effect)))
        moments = [adjusted(rows, MEDIATOR, FORMS[form]) for form in design.forms]
        z.append([float(fisher_z(coefficient(each, np.ones((1, each.seeds))))[0]) for each in moments])
        slopes.append([fitted(rows, form) for form in design.regressions])
    correlations = dict(zip(design.forms, np.tanh(np.mean(z, axis=0)).tolist(), strict=True))
    return correlations | dict(zip(design.regressions, np.mean(slopes, axis=0).tolist(), strict=True))
