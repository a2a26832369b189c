"""Findings of the study of locomotion, from its tables."""

from typing import cast

import pandas as pd

from plasticity.report.summary.finding import NotInThisRun, Statement, mean_over_seeds, rows_with, together
from plasticity.report.summary.words import Unit, inconclusive, moves, numbers, seeds_text, side, sized, t_text
from plasticity.studies.locomotion.figure_tables import LocomotionTables, slopes

_RETURN = Unit(form=",.0f")
_SHOWN = ["arm", "seed", "task", "friction", "first_return", "last_return"]


def ran(tables: LocomotionTables) -> dict[str, str]:
    """Return what was run, as far as only this study has it."""
    agents = len(tables.metrics.groupby(["arm", "seed"])) if len(tables.metrics) else 0
    steps = max(tables.metrics["step"].tolist(), default=0)
    return {
        "Agents": str(agents),
        "Training": f"{steps:,} steps, {_last_task(tables)} frictions" if agents else "none",
        "Left out": tables.left_out,
    }


def return_lost(tables: LocomotionTables) -> Statement:
    """Does the return of the first arm at the end of a task fall from task to task, and at a change of friction?

    Raises:
        NotInThisRun: If there are fewer than two tasks with a return.
    """
    arm = tables.arms[0]
    rows, confidence = rows_with(tables.tasks, arm=arm), tables.analysis.confidence
    slope = mean_over_seeds(slopes(rows), confidence)
    if not slope.n_seeds:
        raise NotInThisRun("no two tasks in which an episode ended")
    conclusions = {
        1: f"The return rises by {numbers(slope, _RETURN)} per task",
        -1: f"The return falls by {sized(slope, _RETURN)} per task",
        0: f"{inconclusive(slope)}: the return changes by {numbers(slope, _RETURN)} per task",
    }
    drop = mean_over_seeds(_drops(rows), confidence)
    at_change = f"; when the friction changes, it changes by {numbers(drop, _RETURN)}" if drop.n_seeds else ""
    over = f"{t_text(confidence)}, {seeds_text(slope.n_seeds)}"
    return Statement(f"{conclusions[side(slope)]}{at_change} ({tables.label(arm)}, {over}).", rows.filter(_SHOWN))


def methods_help(tables: LocomotionTables) -> Statement:
    """Do the other arms end with a higher return than the first, seed by seed?

    Raises:
        NotInThisRun: If there is no other arm, or no return in the last task.
    """
    first, *others = tables.arms
    last = rows_with(tables.tasks, task=_last_task(tables))
    returns = last.pivot_table(index="seed", columns="arm", values="last_return")
    shown = [arm for arm in others if arm in returns and first in returns]
    if not shown:
        raise NotInThisRun("no second arm with a return in the last task")
    confidence = tables.analysis.confidence
    gains = [(returns[arm] - returns[first]).to_numpy(dtype=float) for arm in shown]
    values = [mean_over_seeds(gain.tolist(), confidence) for gain in gains]
    parts = [
        f"{tables.label(arm)} {moves(value, 'the return in the last task', numbers(value, _RETURN))}"
        for arm, value in zip(shown, together(values, confidence), strict=True)
    ]
    seeds = max(value.n_seeds for value in values)
    sentence, intervals = "; ".join(parts), t_text(confidence)
    return Statement(
        f"{sentence[:1].upper()}{sentence[1:]} (relative to {tables.label(first)}, paired by seed, {intervals}, "
        f"{seeds_text(seeds)}).",
        last.filter(_SHOWN),
    )


def _last_task(tables: LocomotionTables) -> int:
    return max(tables.metrics["task"].tolist(), default=0)


def _drops(tasks: pd.DataFrame) -> pd.Series:
    """Return the change of return from the last tenth of a task to the first of the next, mean of a seed's tasks."""
    rows = tasks.sort_values(["seed", "task"])
    before = rows.groupby("seed")["last_return"].shift()
    changed = rows.assign(drop=rows["first_return"] - before)
    return cast("pd.Series", changed.groupby("seed")["drop"].mean())
