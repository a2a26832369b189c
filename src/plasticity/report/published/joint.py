"""Claims about several values of a run at once: an order of arms, and a slope whose sign depends on the group.

An order names arms from the first to the last, those of equal rank together; it is about the differences between arms
of neighbouring ranks, paired by seed. A change of sign is about the slope in each group of agents (Lyle et al. 2023,
Figure 3; `plasticity.analysis.sign_test`). The p-values of one claim are corrected by Holm's (1979) method, so that the
probability of any wrong sign among them is at most one minus the confidence level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity.analysis.sign_test import standardised_slope
from plasticity.analysis.verdict import FEWEST_SEEDS, holm
from plasticity.report.published.claims import SIGNS, Claim
from plasticity.report.published.measures import RunTables, Value, measured
from plasticity.report.published.places import rows_at


def value_of(claim: Claim, tables: RunTables) -> Value:
    """Return this run's value of what a claim is about; of a joint claim, with its `parts`."""
    joint = _JOINT.get(claim.measure["of"])
    return joint(claim, tables) if joint else measured(claim.measure, tables)


def agreement(shape: str, parts: Sequence[Value], confidence: float) -> tuple[int, str]:
    """Return 1 where the parts show a joint shape, -1 where they contradict it, 0 where they do neither; and why.

    Args:
        shape: "descending" or "ascending" of differences between ranks, "flips" of slopes.
        parts: The differences, of arms of a higher rank minus those of the next, or the slopes.
        confidence: Level of the family of tests.
    """
    p_values = np.array([part.p_value(confidence) if part.n_seeds >= FEWEST_SEEDS else np.nan for part in parts])
    decided = holm(p_values) < round(1 - confidence, 12)
    signs = np.where(decided, np.sign([part.estimate for part in parts]), 0).astype(int)
    return _flips(signs, parts) if shape == "flips" else _ordered(signs * SIGNS[shape], parts)


def _ordered(signs: np.ndarray, parts: Sequence[Value]) -> tuple[int, str]:
    """Judge an order by the signs of its differences, 1 where these are as published."""
    if (signs < 0).any():
        return -1, f"the other way round: {_named(parts, signs < 0)}"
    if (signs > 0).all():
        return 1, f"all {len(parts)} differences between neighbouring ranks have the published sign"
    return 0, f"of {len(parts)} differences between neighbouring ranks, open: {_named(parts, signs == 0)}"


def _flips(signs: np.ndarray, parts: Sequence[Value]) -> tuple[int, str]:
    if {1, -1} <= set(signs.tolist()):
        return 1, f"slope positive: {_named(parts, signs > 0)}; negative: {_named(parts, signs < 0)}"
    if len(parts) > 1 and abs(int(signs.sum())) == len(parts):
        return -1, f"the slope is {'positive' if signs[0] > 0 else 'negative'} in every group"
    return 0, f"of the slopes in {len(parts)} groups, open: {_named(parts, signs == 0)}"


def _named(parts: Sequence[Value], chosen: np.ndarray) -> str:
    return ", ".join(part.place for part, it_is in zip(parts, chosen.tolist(), strict=True) if it_is)


def _ranking(claim: Claim, tables: RunTables) -> Value:
    """Return the differences between arms of neighbouring ranks; as the value itself, the one that holds least."""
    parts = []
    for higher, lower in (pair for above, below in pairwise(claim.tiers) for pair in product(above, below)):
        measure = {**claim.measure, "of": "contrast", "arm": higher, "minus_arm": lower}
        found = measured({key: value for key, value in measure.items() if key != "arms"}, tables)
        if found.missing:
            return found
        named = f"{higher.replace('_', ' ')} minus {lower.replace('_', ' ')}"
        parts.append((found, named))
    sign = SIGNS[claim.shape]
    least, name = min(parts, key=lambda part: sign * part[0].estimate)
    return _joined(least, f"{least.place}, {name}", [replace(part, place=name) for part, name in parts])


def _sign_change(claim: Claim, tables: RunTables) -> Value:
    """Return the slope of one column on another in every group of agents; there is no number for all of them."""
    measure = claim.measure
    for column in (measure["x"], measure["y"]):
        if column not in tables.metrics:
            return Value(missing=f"{column} was not measured")
    place = rows_at(tables.metrics, measure["at"], tables.axis)
    groups = place.rows.groupby(measure["group"], sort=False)
    parts = [_slope(cast("pd.DataFrame", rows), measure, str(name), tables.confidence) for name, rows in groups]
    if len(parts) < 2:
        return Value(missing=f"one {measure['group']} alone")
    return _joined(Value(), place.name, parts)


def _slope(rows: pd.DataFrame, measure: Mapping[str, Any], group: str, confidence: float) -> Value:
    values = rows[[measure["x"], measure["y"]]].to_numpy(dtype="float64", na_value=np.nan)
    known = np.isfinite(values).all(axis=1)
    seeds = rows["seed"].to_numpy(dtype=int)[known]
    found = standardised_slope(values[known, 0], values[known, 1], seeds, confidence)
    return Value(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        n_seeds=found.n_seeds,
        place=group.replace("_", " "),
        p=found.p_value,
    )


def _joined(shown: Value, place: str, parts: Sequence[Value]) -> Value:
    n_seeds = min(part.n_seeds for part in parts)
    return replace(shown, n_seeds=n_seeds, place=place, parts=tuple(parts))


_JOINT: dict[str, Callable[[Claim, RunTables], Value]] = {"ranking": _ranking, "sign_change": _sign_change}
