"""Which quantities explain the loss on the next task, in words: what figure, page and finding share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.verdict import holm
from plasticity.report.figures.axes import metric_name
from plasticity.report.published.measures import Value
from plasticity.report.summary.finding import NotInThisRun, Statement, few, rows_with, undecided
from plasticity.report.summary.words import inconclusive, numbers, seeds_text, side, t_text, why_open
from plasticity.studies.continual.figure_tables import PermutedTables

RIVAL = "task"
"""The quantity that all others compete with: the number of the task."""
LOSSES = {"test_gap": "test accuracy", "plasticity_gap": "online accuracy"}
"""Losses, by the accuracy that they are of; the first that a table has is shown."""
SCOPES = {
    "within_run": "other tasks of the run",
    "across_seeds": "another seed",
    "across_arms": "other arms",
}
"""What predictions are made for, in which nothing was fitted."""
_NAMED = 3  # quantities that the sentence names
_SHOWN = ["quantity", "scope", "skill", "gain", "gain_low", "gain_high", "p_adjusted", "n_seeds", "n_arms", "note"]
_BEYOND = ["gain_beyond", "gain_beyond_low", "gain_beyond_high", "p_value_beyond"]


def loss_of(table: pd.DataFrame) -> str:
    """Return the loss that is shown; empty where the table has none."""
    known = set(table["loss"])
    return next((loss for loss in LOSSES if loss in known), "")


def gain_of(row: Mapping[Any, Any], confidence: float, tests: int) -> Value:
    """Return a quantity's gain over the number of the task; it decides as its corrected p-value does.

    Args:
        row: A row of the table of explanations.
        confidence: Level of its interval.
        tests: Quantities that the correction is for.
    """
    seeds, significant = int(row["n_seeds"]), float(row["p_adjusted"]) < round(1 - confidence, 12)
    undefined = pd.isna(row["gain"])
    return Value(
        estimate=float(row["gain"]),
        low=float(row["gain_low"]),
        high=float(row["gain_high"]),
        n_seeds=seeds,
        missing=str(row["note"]) if undefined else few(seeds) or ("" if significant else undecided(tests)),
    )


def gains_beyond(rows: pd.DataFrame, tables: PermutedTables) -> dict[str, Value]:
    """Return what each quantity adds to those of `analysis.beyond`, the largest gain first; empty if none is declared.

    A gain decides as its p-value does after Holm's correction for all quantities asked about.

    Args:
        rows: Rows of the table of explanations, of one loss and scope.
        tables: The tables; their analysis has the level.
    """
    if not tables.analysis.beyond:
        return {}
    asked = rows.loc[rows["gain_beyond"].notna()].sort_values("gain_beyond", ascending=False, kind="stable")
    p_values = asked["p_value_beyond"].to_numpy(float)
    number, adjusted = int(np.isfinite(p_values).sum()), np.nan_to_num(holm(p_values), nan=1.0)
    found = {}
    for row, p_value in zip(asked.to_dict("records"), adjusted.tolist(), strict=True):
        as_gain = dict(zip(("gain", "gain_low", "gain_high"), (row[name] for name in _BEYOND), strict=False))
        found[str(row["quantity"])] = gain_of(
            {**row, **as_gain, "p_adjusted": p_value}, tables.analysis.confidence, number
        )
    return found


def quantities_that_gain(tables: PermutedTables) -> Statement:
    """Which quantities predict the loss on the next task beyond its number, where nothing was fitted?

    Raises:
        NotInThisRun: If there are no losses on later tasks.
    """
    loss, confidence = loss_of(tables.explanations), tables.analysis.confidence
    rows = rows_with(tables.explanations, loss=loss)
    if rows.empty:
        raise NotInThisRun("no losses on later tasks")
    scope = _furthest(rows)
    rows = rows_with(rows, scope=scope).loc[lambda found: found["quantity"].ne(RIVAL)]
    named, parts = gains_in_words(rows, f"in {SCOPES[scope]}", confidence)
    beyond = gains_beyond(rows, tables)
    parts += [_of_beyond(beyond, tables.analysis.beyond or ())] if beyond else []
    sentence = f"{'; '.join(parts)} ({basis_of_gains(rows, loss, confidence)})."
    shown = rows_with(rows, quantity=[*named, "nc1", *list(beyond)[:1]]).filter([*_SHOWN, *(_BEYOND if beyond else [])])
    return Statement(sentence, shown)


def gains_in_words(rows: pd.DataFrame, where: str, confidence: float) -> tuple[list[str], list[str]]:
    """Return the quantities that a sentence about gains names, and its parts.

    Args:
        rows: A row per quantity, without the number of the task.
        where: What was predicted, such as "in other arms".
        confidence: Level of the intervals.
    """
    rows = rows.sort_values("gain", ascending=False, kind="stable", na_position="last")
    tests = _tests(rows)
    gains = {str(row["quantity"]): gain_of(row, confidence, tests) for row in rows.to_dict("records")}
    found = [name for name, gain in gains.items() if side(gain) > 0]
    named = found[:_NAMED] or [next(iter(gains))]
    parts = [_gaining(gains, named, len(found), where) if found else _none(gains, named[0], where)]
    parts += [_of_nc1(gains["nc1"])] if "nc1" in gains and "nc1" not in named else []
    return named, parts


def basis_of_gains(rows: pd.DataFrame, loss: str, confidence: float) -> str:
    """Return what gains are taken from: the loss, the intervals, the correction, seeds and arms."""
    seeds, arms = (int(rows[name].to_numpy().max()) for name in ("n_seeds", "n_arms"))
    return (
        f"loss of {LOSSES[loss]}, {t_text(confidence)}, Holm\N{RIGHT SINGLE QUOTATION MARK}s correction for "
        f"{_tests(rows)} quantities, {seeds_text(seeds)}, {arms} arms"
    )


def _tests(rows: pd.DataFrame) -> int:
    return int(np.isfinite(rows["p_adjusted"].to_numpy(float)).sum())


def _furthest(rows: pd.DataFrame) -> str:
    """Return the scope that asks most of the prediction, among those with a gain; else the one that asks least."""
    known = set(rows.loc[rows["gain"].notna(), "scope"])
    return next((scope for scope in reversed(SCOPES) if scope in known), next(iter(SCOPES)))


def _gaining(gains: Mapping[str, Value], named: Sequence[str], count: int, where: str) -> str:
    each = [f"{metric_name(name)} (gain in skill {numbers(gains[name])})" for name in named]
    more = [f"{count - len(named)} more"] if count > len(named) else []
    *first, last = [*each, *more]
    listed = f"{', '.join(first)} and {last}" if first else last
    predict = "predicts" if count == 1 else "predict"
    return (
        f"{where[:1].upper()}{where[1:]}, {count} of {len(gains)} quantities {predict} the loss on the next task "
        f"better than the task number alone: {listed}"
    )


def _none(gains: Mapping[str, Value], best: str, where: str) -> str:
    return (
        f"{inconclusive(gains[best])}: {where}, none of {len(gains)} quantities clearly predicts the loss "
        f"on the next task better than the task number alone; {metric_name(best)} comes closest "
        f"(gain in skill {numbers(gains[best])})"
    )


def _of_nc1(gain: Value) -> str:
    clear = {1: "NC1 is among them", -1: "NC1 makes predictions worse"}
    if side(gain):
        return f"{clear[side(gain)]} ({numbers(gain)})"
    return f"NC1 shows no clear gain ({numbers(gain)}; {why_open(gain)})"


def _of_beyond(beyond: Mapping[str, Value], declared: Sequence[str]) -> str:
    """Return what adds most to the task number and the declared quantities together."""
    best, gain = next(iter(beyond.items()))
    names = ["the task number", *map(metric_name, declared)]
    together = f"{', '.join(names[:-1])} and {names[-1]} together"
    if side(gain) > 0:
        return f"{metric_name(best)} adds most to {together} (gain in skill {numbers(gain)})"
    return f"no quantity clearly adds to {together}; {metric_name(best)} comes closest ({numbers(gain)})"
