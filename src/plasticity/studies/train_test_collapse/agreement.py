"""Where NC1 and train variance agree about later learning, on the same checkpoints.

Bonifazi et al. (2024) hold a low NC1 against later accuracy, Hui, Belkin & Nakkiran (2022) a low train variance against
transfer; weight decay lowers NC1 and, in the code that the former released, helps. Both predict a positive correlation:
less collapse, more accuracy.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity.report.html_tables import interval_text
from plasticity.report.published.measures import Value, t_interval
from plasticity.report.summary.finding import correlation, together
from plasticity.report.summary.words import side, why_open
from plasticity.studies.train_test_collapse.correlate import ACROSS, CONTROL, OUTCOMES, WEIGHT_DECAY, last_of

Families = Mapping[str, Mapping[str, float]]
Labels = Mapping[str, str]

NC1, VARIANCE, OWN = "nc1", "train_variance", "own_train_variance"
OUTCOME = next(iter(OUTCOMES))  # at the learning rate chosen on held-out images
_METHODS = {"pearson": "Pearson", "spearman": "Spearman", "partial_log": "adjusted for log iteration"}
_KINDS = {"all": CONTROL, ACROSS: WEIGHT_DECAY}
_LESS = {1: "less collapse, more accuracy", -1: "more collapse, more accuracy"}


def relations(correlations: pd.DataFrame, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return a row per comparison and method: correlations of both metrics and the control, and the conclusion.

    All correlations of the table with NC1 and train variance answer one question, and are corrected for each other.

    Args:
        correlations: The "correlations" table.
        labels: What each arm is called.
        confidence: Level of its intervals.
    """
    mean = correlations.loc[(correlations["aggregate"] == "mean") & (correlations["outcome"] == OUTCOME)]
    asked = list(_asked(mean))
    pairs = [[correlation(found[name]) for name in (NC1, VARIANCE)] for _, _, _, found in asked]
    decided = iter(together([value for pair in pairs for value in pair], confidence))
    rows = [_relation(*each, verdict(next(decided), next(decided)), labels) for each in asked]
    return pd.DataFrame(rows, columns=None if rows else ["compared", "method", "conclusion"])


def _asked(mean: pd.DataFrame) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield kind of window, arm, method and the rows by metric, of what has rows of both metrics."""
    for kind in _KINDS:
        for arm in dict.fromkeys(mean.loc[mean["window_kind"] == kind, "arm"]):
            for method in _METHODS:
                part = mean.loc[(mean["window_kind"] == kind) & (mean["arm"] == arm) & (mean["method"] == method)]
                found: dict[str, Any] = {str(row["metric"]): row for row in part.to_dict("records")}
                if NC1 in found and VARIANCE in found:
                    yield kind, arm, method, found


def _relation(kind: str, arm: str, method: str, found: Mapping[str, Any], said: str, labels: Labels) -> dict[str, Any]:
    control = _KINDS[kind]
    where = "checkpoints of {}" if kind == "all" else "weight decays of {}, last checkpoint"
    return {
        "compared": where.format(labels[arm]),
        "method": _METHODS[method],
        "seeds": max(row["n_seeds"] for row in found.values()),
        "r(NC1, accuracy)": _text(found.get(NC1)),
        "r(train variance, accuracy)": _text(found.get(VARIANCE)),
        "r(train variance of own means, accuracy)": _text(found.get(OWN)),
        "control": f"{control.replace('_', ' ')}: {_text(found[control])}" if control in found else "held fixed",
        "conclusion": said,
    }


def verdict(nc1: Value, variance: Value) -> str:
    """Return the conclusion from two correlations with accuracy; an undecided one is not a correlation of zero."""
    first, second = side(nc1), side(variance)
    if not (first or second):
        return f"undecided: {why_open(nc1)}"
    if first == second:
        return f"agree: {_LESS[first]}"
    if first and second:
        return f"disagree: {_LESS[first]} by NC1, {_LESS[second]} by train variance"
    return f"{_LESS[first or second]} by {'NC1' if first else 'train variance'}; the other is undecided"


def differences(transfer: pd.DataFrame, families: Families, labels: Labels, confidence: float) -> pd.DataFrame:
    """Return what weight decay changes at the last checkpoint, a row per arm of a family but its first.

    Differences to the family's arm with the least weight decay are paired by seed, with Student's t intervals; those of
    NC1 and train variance are ratios.

    Args:
        transfer: The "transfer" table.
        families: Weight decay by arm, of each family.
        labels: What each arm is called.
        confidence: Level of the intervals.
    """
    rows = []
    for family, arms in families.items():
        last = last_of(transfer, arms)
        last = last.loc[~last["diverged"].to_numpy(dtype=bool)]
        parts = {arm: last.loc[last["arm"] == arm].set_index("seed") for arm in arms}
        for arm in list(arms)[1:]:
            both = parts[arm].index.intersection(parts[family].index)
            one, other = (cast("pd.DataFrame", part.loc[both]) for part in (parts[arm], parts[family]))
            row = {"arm": labels[arm], "weight decay": arms[arm], "relative to": labels[family], "seeds": len(both)}
            for name, title in ((NC1, "NC1, ratio"), (VARIANCE, "train variance, ratio")):
                ratio = np.log(one[name].to_numpy(float)) - np.log(other[name].to_numpy(float))
                row[title] = _interval(ratio, confidence, np.exp, ".3g")
            for name, title in zip(OUTCOMES, ("held-out images", "the test images"), strict=True):
                change = (one[name] - other[name]).to_numpy(float) * 100
                row[f"accuracy, rate chosen on {title}, pp"] = _interval(change, confidence, np.asarray, "+.1f")
            rows.append(row)
    return pd.DataFrame(rows)


def _interval(values: np.ndarray, confidence: float, scale: Any, form: str) -> str:
    """Return "mean [low, high]" of values over seeds, scaled; a dash where none is finite."""
    found = values[np.isfinite(values)]
    if not found.size:
        return "–"
    low, high = scale(t_interval(found, confidence))
    ends = "" if np.isnan(low) else f" [{low:{form}}, {high:{form}}]"
    return f"{scale(found.mean()):{form}}{ends}"


def _text(row: Mapping[Any, Any] | None) -> str:
    return "–" if row is None else interval_text(row["estimate"], row["ci_low"], row["ci_high"], row["note"])
