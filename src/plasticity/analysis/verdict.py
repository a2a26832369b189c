"""What an estimate decides, by a rule that is the same for all of them, and corrections for asking many questions.

The account on trial is that of Bonifazi et al. (2024): collapse hurts plasticity. It expects less collapsed networks
to learn the next task better, and an intervention to move accuracy the way it moves NC1. The rule, in this order:

1. a number of seeds (question power): "enough seeds" or "too few seeds" in this study;
2. fewer than three seeds: "too few seeds" (one degree of freedom, an interval with no use);
3. no estimate or no interval: "undefined"; a quantity that is not tested: "no test";
4. p-value after Holm's correction below 1 − confidence: "supports" or "contradicts", by whether the sign is the one
   that the account expects; "above zero" or "below zero" where it expects none;
5. the interval of the published size minus the estimate lies above zero: "smaller than published";
6. "undecided".

A question about an outcome has one family of tests, over all of its metrics, forms, windows and arms: whoever reads the
table for what is decided reads all of them. Where one estimate was declared beforehand as the answer, it has half of
the level and the others share the other half; what one of them does not use up, the others get.
"""

import numpy as np
import pandas as pd

from plasticity.analysis.power import power_of, seeds_needed

FEWEST_SEEDS = 3
VERDICTS = (
    "supports",
    "contradicts",
    "above zero",
    "below zero",
    "smaller than published",
    "undecided",
    "undefined",
    "no test",
    "enough seeds",
    "too few seeds",
)
_FAMILY = ["question", "outcome"]
_ANSWERS_SHARE = 0.5  # of the level, for what was declared beforehand as the answer


def corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with `n_tests` and `p_adjusted`, Holm's correction within the family of their question.

    Holm (1979) bounds the probability of any wrong rejection whatever the dependence of the tests, and NC1 to NC4, the
    forms and the windows are strongly dependent; a false discovery rate would not bound that of the one verdict that a
    reader takes away. Rows of fewer than three seeds are no tests.

    Args:
        rows: Rows with `question`, `outcome`, `primary`, `n_seeds` and `p_value`.
    """
    enough = rows["n_seeds"].to_numpy(dtype=float) >= FEWEST_SEEDS
    p_values = np.where(enough, rows["p_value"].to_numpy(dtype=float), np.nan)
    first = rows["primary"].to_numpy(dtype=bool)
    adjusted, tests = np.full(len(rows), np.nan), np.zeros(len(rows), dtype=int)
    for place in rows.groupby(_FAMILY, sort=False, dropna=False).indices.values():
        known = place[np.isfinite(p_values[place])]
        tests[place] = known.size
        if known.size:
            adjusted[known] = holm(p_values[known], _weights(first[known]))
    return rows.assign(p_adjusted=adjusted, n_tests=tests)


def holm(p_values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return p-values (n,) corrected after Holm (1979, sec. 4 for weights): each by the weights that are still open.

    With equal weights these are n, n − 1, ..., 1 times the ordered p-values, never falling. (statsmodels' multipletests
    gives the same and collects garbage for 0.1 s at every call.)

    Args:
        p_values: p-values, shape (n,); NaN is no test, and stays NaN.
        weights: Positive weights, shape (n,); equal by default.
    """
    weights = np.ones(len(p_values)) if weights is None else weights
    ratios = p_values / weights
    order = np.argsort(ratios)[: np.isfinite(ratios).sum()]  # NaN comes last
    still_open = np.cumsum(weights[order][::-1])[::-1]
    found = np.full(len(p_values), np.nan)
    found[order] = np.minimum(np.maximum.accumulate(ratios[order] * still_open), 1.0)
    return found


def _weights(first: np.ndarray) -> np.ndarray:
    """Return weights for what was declared beforehand and the rest, each of which has half of the level in all."""
    number = int(first.sum())
    if number in (0, len(first)):
        return np.ones(len(first))
    return np.where(first, _ANSWERS_SHARE / number, (1 - _ANSWERS_SHARE) / (len(first) - number))


def judged(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return the rows with their `verdict`, and with power and seeds needed where a size was published.

    Args:
        rows: Rows of `corrected`.
        confidence: Level of the intervals.
    """
    records = rows.to_dict("records")
    found = {"verdict": [verdict(row, confidence) for row in records]}
    powers = [_power(row, confidence) for row in records]
    return rows.assign(**found, power=[p for p, _ in powers], seeds_needed=pd.array([n for _, n in powers], "Int64"))


def verdict(row: dict, confidence: float) -> str:
    """Return the verdict of one row by the rule at the head of this module."""
    if row["question"] == "power":
        return "enough seeds" if row["n_seeds"] >= row["estimate"] else "too few seeds"
    if row["n_seeds"] < FEWEST_SEEDS:
        return "too few seeds"
    if not np.isfinite([row["estimate"], row["ci_low"], row["ci_high"]]).all():
        return "undefined"
    return "no test" if np.isnan(row["p_adjusted"]) else _tested(row, confidence)


def _tested(row: dict, confidence: float) -> str:
    if row["p_adjusted"] < round(1 - confidence, 12):
        above = row["estimate"] > 0
        if np.isnan(row["expected_sign"]):
            return "above zero" if above else "below zero"
        return "supports" if above == (row["expected_sign"] > 0) else "contradicts"
    return "smaller than published" if _smaller(row, confidence) else "undecided"


def _smaller(row: dict, confidence: float) -> bool:
    """Say whether the published size is larger, both being uncertain.

    The interval of the difference joins those of its parts (Zou & Donner 2008). A published size whose own interval is
    not known is as uncertain as this study's estimate: under the hypothesis that they are equal they have one spread.
    """
    if row["effect"] is None:
        return False
    size, sign = row["effect"].size, np.sign(row["effect"].size)
    ours = max(sign * row["ci_low"], sign * row["ci_high"]) - sign * row["estimate"]
    low, high = row["effect"].interval(confidence)
    theirs = sign * size - min(sign * low, sign * high) if np.isfinite(low) else ours
    return bool(sign * (size - row["estimate"]) > np.hypot(ours, theirs))


def _power(row: dict, confidence: float) -> tuple[float, int | None]:
    """Return the power of this study's seeds, and the seeds needed, to see the published size at this spread."""
    size, deviation, n = row["published"], row["deviation"], row["n_seeds"]
    if not (np.isfinite(size) and np.isfinite(deviation) and deviation > 0 and n > 1):
        return np.nan, None
    size = float(np.arctanh(size)) if row["quantity"] == "correlation" else size
    return power_of(size, deviation, n, confidence=confidence), seeds_needed(size, deviation, confidence=confidence)
