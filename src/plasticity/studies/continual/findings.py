"""Findings of the permuted study, from its tables."""

from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.whole_runs import left_out, whole_runs
from plasticity.report.published.measures import RunTables, Value, measured
from plasticity.report.summary.finding import (
    CAUSES_SHOWN,
    NotInThisRun,
    Statement,
    cause,
    correlation,
    mean_over_seeds,
    over_doses,
    rows_with,
    the_row,
    together,
)
from plasticity.report.summary.words import (
    POINTS,
    factor,
    go_together,
    inconclusive,
    moves,
    numbers,
    plain,
    seeds_text,
    side,
    sized,
    t_text,
    times,
    verdict_text,
    why_open,
)
from plasticity.studies.continual.figure_tables import PermutedTables

_FIRST_TASK = "first-task epochs"


def ran(tables: PermutedTables) -> dict[str, str]:
    """Return what was run, as far as only this study has it."""
    counts: dict[int, list[str]] = {}
    for arm in tables.arms:
        if len(rows := rows_with(tables.metrics, arm=arm)):
            counts.setdefault(max(rows["task"].tolist()), []).append(tables.label(arm))
    lengths = [f"{count} of {', '.join(labels)}" for count, labels in counts.items()]
    if len(counts) == 1:
        lengths = [str(*counts)]
    return {
        "Tasks": f"{'; '.join(lengths) or 'none'}; NC1 to NC4 measured after each",
        "Left out": tables.left_out,
    }


def accuracy_lost(tables: PermutedTables) -> Statement:
    """How much worse than a fresh network is the one that went on, at the last task, and over all of them?

    Raises:
        NotInThisRun: If there is no later task, or no seed in which it and a fresh network have them all.
    """
    rows, without = _whole(tables, "plasticity_gap", since=2)
    last = int(rows["task"].max())
    later = rows.groupby("seed")["plasticity_gap"].mean()
    at_end = rows.loc[rows["task"].eq(last)].set_index("seed")["plasticity_gap"]
    end, mean = (mean_over_seeds(found, tables.analysis.confidence) for found in (at_end, later))
    place = f"on task {last}, the network is {sized(end, POINTS)}"
    words = {
        1: f"Continual learning costs accuracy: {place} below a freshly initialised one",
        -1: f"Continual learning improves accuracy: {place} above a freshly initialised one",
        0: f"{inconclusive(end)}: on task {last}, continual learning costs {numbers(end, POINTS)}",
    }
    sentence = (
        f"{words[side(end)]}; averaged over tasks 2 to {last}, the gap is {numbers(mean, POINTS)} "
        f"({tables.label(tables.main)}, paired by seed and task, {_t(tables)}, "
        f"{seeds_text(end.n_seeds, left_out=without)})."
    )
    shown = pd.DataFrame({f"gap on task {last}": at_end, "mean gap, tasks from 2": later}).reset_index()
    return Statement(sentence, shown)


def collapse_over_tasks(tables: PermutedTables) -> Statement:
    """Does NC1 rise or fall from the first task to the last?

    Raises:
        NotInThisRun: If there is no later task, or no seed that has them all.
    """
    rows, without = _whole(tables, "nc1")
    last = int(rows["task"].max())
    ends = {task: rows.loc[rows["task"].eq(task)].set_index("seed")["nc1"].astype("float64") for task in (1, last)}
    change = mean_over_seeds(np.log(ends[last] / ends[1]), tables.analysis.confidence)
    run = RunTables(rows, tables.correlations, "task", tables.analysis.confidence)
    measure = {"of": "association", "arm": tables.main, "x": "task", "y": "nc1", "method": "pearson"}
    change, trend = together([change, measured(measure, run)], tables.analysis.confidence)
    sentence = (
        f"From task 1 to task {last}, continual learning {moves(change, 'NC1', times(factor(change)), of='one')}; "
        f"over all tasks, NC1 and the task number {go_together(trend)} "
        f"({tables.label(tables.main)}, within each seed, {_t(tables)}, "
        f"{seeds_text(change.n_seeds, left_out=without)})."
    )
    return Statement(sentence, pd.DataFrame({f"NC1 after task {task}": ends[task] for task in (1, last)}).reset_index())


def averaged_or_within(tables: PermutedTables) -> Statement:
    """Do NC1 and online accuracy go together as means over the seeds, within a seed, and without any trend?"""
    missing = f"no correlations over the tasks of {tables.label(tables.main)}"
    chosen = rows_with(tables.correlations, arm=tables.main, metric="nc1", outcome="online_accuracy", window_kind="all")
    averaged = the_row(chosen, missing, aggregate="averaged", method="pearson")
    within = the_row(chosen, missing, aggregate="mean", method="pearson")
    changes = the_row(chosen, missing, aggregate="mean", method="first_difference")
    found = together([correlation(row) for row in (averaged, within, changes)], tables.analysis.confidence)
    as_means, inside, apart = map(go_together, found)
    sentence = (
        f"Averaged over seeds, NC1 and online accuracy {as_means}; within a seed, they {inside}; their changes from "
        f"task to task, which are free of common trends, {apart} "
        f"({tables.label(tables.main)}, Pearson r, {_t(tables)}, {seeds_text(averaged['n_seeds'])})."
    )
    shown = ["aggregate", "method", "window_start", "window_end", "estimate", "ci_low", "ci_high", "n_seeds", "note"]
    return Statement(sentence, rows_with(chosen, aggregate=["averaged", "mean"]).filter(shown))


def first_task_length(tables: PermutedTables) -> Statement:
    """How does a longer first task change NC1 after it and accuracy on the second, and how much of that is via NC1?"""
    missing = "no arms that differ in the number of epochs on the first task alone"
    rows = rows_with(tables.causes, treatment=_FIRST_TASK, quantity=["slope", "indirect", "direct"])
    row = the_row(rows, missing, quantity="slope", outcome="accuracy")
    collapse_row = the_row(rows, missing, quantity="slope", outcome="log_nc1")
    accuracy, collapse = cause(over_doses(row)), cause(over_doses(collapse_row))
    through = rows_with(rows, quantity="indirect").to_dict("records")
    doses = {name: row[name] for name in ("dose_low", "dose_high")}
    parts = [
        f"; {numbers(part, POINTS)} of the change in accuracy is via NC1{_open(part)}"
        for part in (cause(over_doses({**found, **doses})) for found in through)
    ]
    sentence = (
        f"Going from {plain(row['dose_low'])} to {plain(row['dose_high'])} epochs on the first task "
        f"{moves(accuracy, 'accuracy on the second', numbers(accuracy, POINTS))}, and "
        f"{moves(collapse, 'NC1', times(factor(collapse)), of='one')}{''.join(parts)} "
        f"(slopes over all lengths, paired by seed, {_t(tables)}, {seeds_text(accuracy.n_seeds)})."
    )
    return Statement(sentence, rows.filter(CAUSES_SHOWN))


def beyond_length(tables: PermutedTables) -> Statement:
    """Does NC1 say anything about the next task among networks with equally many epochs, or tasks, behind them?"""
    missing = "no correlation of NC1 with accuracy on the next task at equal training"
    rows = rows_with(tables.causes, quantity="correlation", metric="log_nc1", method="within_length")
    second = the_row(rows, missing, window_kind="second_task")
    over_tasks = rows_with(rows, window_kind="all").to_dict("records")
    parts = [
        f"; over the tasks of a continually trained network, at equal task number, they {go_together(cause(row))}"
        for row in over_tasks
    ]
    sentence = (
        f"Among networks with equally many epochs on the first task, ln NC1 after it and accuracy on the second "
        f"{go_together(cause(second))}{''.join(parts)}; {verdict_text(second['verdict'])} "
        f"({_t(tables)}, jackknife, {seeds_text(int(second['n_seeds']))})."
    )
    return Statement(sentence, rows.filter(["window_kind", *CAUSES_SHOWN]))


def _whole(tables: PermutedTables, column: str, *, since: int = 1) -> tuple[Any, int]:
    """Return the rows of the arm that goes on without any manipulation, and how many seeds were left out.

    A seed counts that has all tasks from `since` on, none of them diverged.

    Raises:
        NotInThisRun: If the arm has no later task, or no seed counts.
    """
    rows: Any = rows_with(tables.metrics, arm=tables.main)
    if rows.empty or rows["task"].max() < 2:
        raise NotInThisRun(f"no later tasks of {tables.label(tables.main)}")
    whole = whole_runs(rows, "task", [column], expected=range(since, int(rows["task"].max()) + 1))
    if whole.empty:
        what = column.replace("_", " ")
        raise NotInThisRun(f"no seed of {tables.label(tables.main)} has a finite {what} on all tasks from {since} on")
    return whole, left_out(rows, whole)


def _open(value: Value) -> str:
    return "" if side(value) else f" (inconclusive: {why_open(value)})"


def _t(tables: PermutedTables) -> str:
    return t_text(tables.analysis.confidence)
