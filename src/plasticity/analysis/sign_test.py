"""Is a quantity the cause of lost plasticity? Then the two go together alike in every group of agents.

Lyle et al. (2023, section 5.3) fit a line to probe loss against a quantity in each environment, and reject a quantity
by eye if the signs differ. Here each slope has a t interval over seeds, which are the unit that is independent
(jackknife, with as many degrees of freedom as the seeds' weights allow), and a p-value that Holm's (1979) correction
makes one of a family: all quantities and groups. A quantity is falsified if its slope is significantly positive in one
group and significantly negative in another. The probability that any quantity is falsified although none of its slopes
changes sign is then at most 1 − confidence, whatever the dependence of groups and quantities; `benchmarks/` and
`tests/analysis/test_sign_test.py` simulate it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.moments import moments_of
from plasticity.analysis.verdict import FEWEST_SEEDS, holm

ALL = "all"
"""Group of the row that compares the signs of the groups."""
UNDECIDED, FALSIFIED, ONE_SIGN = "undecided", "falsified", "one sign"
SIGNS = {"positive": 1, "negative": -1}
"""Verdict on a slope -> its sign."""

Row = dict[str, Any]


def falsification(
    agents: pd.DataFrame, quantities: Mapping[str, bool], *, outcome: str, kind: str, confidence: float
) -> list[Row]:
    """Return a row per quantity and group, and one per quantity that compares the signs of its groups.

    Args:
        agents: A row per agent with `seed`, the outcome, the quantities and the column `kind`.
        quantities: Column -> whether its natural logarithm is taken.
        outcome: Column of what is explained.
        kind: Column of what agents are grouped by.
        confidence: Level of the intervals and of the family of tests.
    """
    groups = list(dict.fromkeys(agents[kind]))
    rows = [
        {
            "kind": kind,
            "quantity": name,
            "group": group,
            **_slope(agents.loc[agents[kind] == group], name, log, outcome, confidence),
        }
        for name, log in quantities.items()
        for group in groups
    ]
    _judge(rows, confidence)
    return [row for name in quantities for row in _with_signs([r for r in rows if r["quantity"] == name])]


def standardised_slope(x: np.ndarray, y: np.ndarray, seeds: np.ndarray, confidence: float) -> Inference:
    """Return the least-squares slope of y on x in units of x's standard deviation, with its interval over seeds.

    A seed whose quantities lie far from the mean weighs more. Few agents of few seeds weigh so unequally that t with
    n - 1 degrees of freedom finds p-values near zero too often. The effective number of seeds
    (Carter, Schnepel & Steigerwald 2017) takes the place of n: the squared sum of the weights over the sum of their
    squares, a seed's weight being its share of the sum of squares of x.

    Args:
        x: Finite values of the quantity, shape (N,).
        y: Finite values of the outcome, shape (N,).
        seeds: The seed of each agent, shape (N,).
        confidence: Level of the interval.
    """
    moments, scale = moments_of(np.column_stack([x, y]), seeds=seeds), float(np.std(x)) if len(x) else np.nan

    def slope(draws: np.ndarray) -> np.ndarray:
        left = moments.residual(draws)
        return scale * left[:, 0, 1] / left[:, 0, 0]  # NaN where x is constant

    weights = moments.products[:, :, 0, 0].sum(axis=1)
    effective = float(weights.sum() ** 2 / np.square(weights).sum()) if weights.any() else None
    return infer(slope, moments.seeds if len(x) else 0, Level(confidence=confidence), effective_seeds=effective)


def _slope(agents: pd.DataFrame, name: str, log: bool, outcome: str, confidence: float) -> Row:
    x, y = (agents[column].to_numpy(dtype=float) for column in (name, outcome))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(x) if log else x
    known = np.isfinite(x) & np.isfinite(y) & ~agents["diverged"].eq(True).to_numpy()
    seeds = agents["seed"].to_numpy(dtype=int)[known]
    found = standardised_slope(x[known], y[known], seeds, confidence)
    numbers = {"slope": found.estimate, "ci_low": found.low, "ci_high": found.high, "p_value": found.p_value}
    counts = {"n_agents": int(known.sum()), "n_seeds": len(set(seeds.tolist())), "n_excluded": int((~known).sum())}
    return {**numbers, **counts, "note": found.note}


def _judge(rows: list[Row], confidence: float) -> None:
    """Add corrected p-values and verdicts to the rows of one family."""
    p_values = np.array([row["p_value"] if row["n_seeds"] >= FEWEST_SEEDS else np.nan for row in rows], dtype=float)
    number = int(np.isfinite(p_values).sum())
    for row, p_value in zip(rows, holm(p_values).tolist(), strict=True):
        significant = p_value < round(1 - confidence, 12)
        sign = "positive" if row["slope"] > 0 else "negative"
        row |= {"p_adjusted": p_value, "n_tests": number, "verdict": sign if significant else UNDECIDED}


def _with_signs(rows: list[Row]) -> Iterator[Row]:
    """Yield the rows of one quantity, and the row that compares their signs."""
    yield from rows
    signs = [SIGNS.get(row["verdict"], 0) for row in rows]
    verdict = UNDECIDED
    if {1, -1} <= set(signs):
        verdict = FALSIFIED
    elif len(signs) > 1 and abs(sum(signs)) == len(signs):
        verdict = ONE_SIGN
    missing = dict.fromkeys(("slope", "ci_low", "ci_high", "p_value", "p_adjusted"), np.nan)
    counts = {key: sum(row[key] for row in rows) for key in ("n_agents", "n_excluded")}
    shared = {key: rows[0][key] for key in ("kind", "quantity", "n_tests")}
    seeds, note = max(row["n_seeds"] for row in rows), "" if len(rows) > 1 else "one group alone"
    yield {**shared, "group": ALL, **missing, **counts, "n_seeds": seeds, "verdict": verdict, "note": note}
