"""How much of what an arm or a dose does to the accuracy of the next task goes through NC1 at its start.

Let D be the dose, or 1 for an arm and 0 for the control. Networks of one pair share the seed and, in warm starting, the
length. With Δ a treated network minus the control of its pair, the model

    ln NC1 = pair + a·D + error,    Δ accuracy = direct effect(arm, length) + b·Δ ln NC1 + error

splits the total effect c, the slope of accuracy on D within pairs, into a·b through NC1 and a direct effect c − a·b
(Baron & Kenny 1986; Imai, Keele & Tingley 2010, eq. 5 to 7). The slope b comes from what differs between seeds within
an arm and a length: neither length nor the arm itself can make it. It is causal only under assumptions that no table
can check; docs/statistics.md spells them out. One of them, that nothing else moves both NC1 and accuracy of a network
beside its arm and length, has a sensitivity: `rho_at_zero` is the correlation of the errors at which the indirect
effect would be zero (Imai, Keele & Yamamoto 2010). The smaller, the more fragile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.beyond_length import coefficient
from plasticity.analysis.doses import UNITS, CausalDesign, expectation, treated
from plasticity.analysis.estimates import MEDIATOR, OUTCOME, Estimand, Row, row_of
from plasticity.analysis.inference import Inference, Level, Statistic, infer
from plasticity.analysis.moments import Moments, moments_of
from plasticity.analysis.transitions import Transitions

_PATHS = ("direct", "indirect", "mediator_slope", "rho_at_zero")


def mediation(transitions: Transitions, design: CausalDesign, level: Level) -> Iterator[Row]:
    """Yield direct and indirect effect of every treatment and dose series with a control, b, and the sensitivity."""
    in_series = [arm for series in design.series for arm in series.doses]
    pairs = treated(transitions, design, [*design.treatments, *in_series])
    for arm in design.treatments:
        treatment = {"name": arm, "per": "", "extra": design.where(arm)}
        yield from _rows(treatment, {design.control: 0.0, arm: 1.0}, transitions, pairs, design, level)
    for series in design.series:
        if design.control in series.doses and len(series.doses) > 2:
            per = f" per ln {series.name}" if series.logarithmic else f" per {series.name}"
            doses = dict(zip(series.doses, series.scaled(list(series.doses)).tolist(), strict=True))
            ends = list(series.doses.values())
            extra = {"series": series.name, "dose_low": min(ends), "dose_high": max(ends)}
            yield from _rows(
                {"name": series.name, "per": per, "extra": extra}, doses, transitions, pairs, design, level
            )


def effects(
    rows: pd.DataFrame, pairs: pd.DataFrame, doses: Mapping[str, float], shared: tuple[str, ...]
) -> tuple[int, dict[str, tuple[Statistic, int]]]:
    """Return how many pairs there are to spare, and each path as a function of how often each seed is taken.

    Beside each function stands of how many seeds it is: b is that of seeds of which arm and length leave something.

    Args:
        rows: Transitions of the control and the treated arms, of the seeds that have pairs.
        pairs: The same paired, from `doses.treated`.
        doses: D of every arm.
        shared: Columns that networks of a pair share.
    """
    dose = np.array([doses[arm] for arm in rows["arm"]], dtype=float)
    levels = np.column_stack([dose, rows[MEDIATOR].to_numpy(float), rows["outcome"].to_numpy(float)])
    whole = moments_of(levels, seeds=rows["seed"].to_numpy(), groups=_codes(rows, shared))
    changes = pairs[["mediator_change", "outcome_change"]].to_numpy(dtype=float)
    within = moments_of(changes, seeds=pairs["seed"].to_numpy(), groups=_codes(pairs, ("arm", "length")))
    informative = within.informative()

    def indirect(draws: np.ndarray) -> np.ndarray:
        return _slope(whole, draws, 1) * _slope(within, draws)

    paths: dict[str, tuple[Statistic, int]] = {
        "mediator_shift": (lambda draws: _slope(whole, draws, 1), whole.seeds),
        "direct": (lambda draws: _slope(whole, draws, 2) - indirect(draws), whole.seeds),
        "indirect": (indirect, whole.seeds),
        "mediator_slope": (lambda draws: _slope(informative, draws), informative.seeds),
        "rho_at_zero": (lambda draws: coefficient(informative, draws), informative.seeds),
    }
    return within.spare, paths


def _rows(
    treatment: Mapping[str, Any],
    doses: Mapping[str, float],
    transitions: Transitions,
    pairs: pd.DataFrame,
    design: CausalDesign,
    level: Level,
) -> Iterator[Row]:
    pairs = pairs.loc[pairs["arm"].isin([arm for arm in doses if arm != design.control])]
    if pairs.empty:
        return
    rows = transitions.rows.loc[transitions.rows["arm"].isin([design.control, *pairs["arm"]])]
    rows = rows.loc[rows["seed"].isin(pairs["seed"])]
    spare, paths = effects(rows, pairs, doses, design.pairs)
    sign = expectation(infer(*paths["mediator_shift"], level), level.confidence)
    unit = UNITS[OUTCOME] + treatment["per"]
    looks = {
        "direct": (treatment["name"], unit, np.nan),
        "indirect": (treatment["name"], unit, sign),
        "mediator_slope": (MEDIATOR, f"{UNITS[OUTCOME]} per {UNITS[MEDIATOR]}", 1.0),
        "rho_at_zero": (MEDIATOR, "1", np.nan),
    }
    for path in _PATHS:
        metric, unit, expected = looks[path]
        estimand = Estimand(
            question="mediation",
            quantity=path,
            method="paired_within_length",
            metric=metric,
            unit=unit,
            treatment=treatment["name"],
            expected=expected,
            extra=treatment["extra"],
        )
        found = Inference(np.nan, n_seeds=len(set(pairs["seed"])), note=f"{len(pairs)} pairs leave {max(spare, 0)}")
        if spare >= 2:
            found = infer(*paths[path], level, correlation=path == "rho_at_zero")
        if path == "rho_at_zero":  # describes how fragile the slope is; the slope has the test
            found = replace(found, p_value=np.nan)
        yield row_of(estimand, found, transitions, len(pairs))


def _slope(moments: Moments, draws: np.ndarray, of: int = 1) -> np.ndarray:
    """Return the slope of a variable that the fit leaves on the first, in each subset."""
    rest = moments.residual(draws)
    return rest[:, 0, of] / rest[:, 0, 0]


def _codes(rows: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([pd.factorize(rows[name])[0] for name in columns])
