"""The finding on methods: which of them learn the later tasks better than no method, paired by seed and task."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from plasticity.analysis.whole_runs import whole_runs
from plasticity.report.published.measures import Value
from plasticity.report.summary.finding import NotInThisRun, Statement, mean_over_seeds, rows_with, together
from plasticity.report.summary.words import POINTS, numbers, side, sized, t_text, why_open
from plasticity.studies.continual.figure_tables import PermutedTables

_ACCURACY = "online_accuracy"


def methods(tables: PermutedTables) -> Statement:
    """Which methods learn the later tasks better than none, and which worse?

    A method is an arm with all tasks of the one without any, and as many epochs on the first.

    Raises:
        NotInThisRun: If there is no later task, no such arm, or no seed that both have.
    """
    column = next((name for name in tables.analysis.outcomes or () if name.endswith("accuracy")), _ACCURACY)
    means = _means(tables, column)
    if tables.main not in means or len(means) < 2:
        raise NotInThisRun(f"no method beside {tables.label(tables.main)} on all of its tasks")
    last, usual = max(rows_with(tables.metrics, arm=tables.main)["task"].tolist()), means.pop(tables.main)
    gains = {arm: mean_over_seeds(found - usual, tables.analysis.confidence) for arm, found in means.items()}
    gains = {arm: gain for arm, gain in gains.items() if gain.n_seeds}
    if not gains:
        raise NotInThisRun(f"no seed that a method and {tables.label(tables.main)} both have on all tasks")
    joint = dict(zip(gains, together(list(gains.values()), tables.analysis.confidence), strict=True))
    ranked = {arm: joint[arm] for arm in sorted(joint, key=lambda arm: -joint[arm].estimate)}
    most = max(gain.n_seeds for gain in ranked.values())
    start = "Averaged" if any(map(side, ranked.values())) else "Inconclusive: averaged"
    sentence = (
        f"{start} over tasks 2 to {last}, {column.replace('_', ' ')} is {'; '.join(_groups(tables, ranked))} "
        f"(compared with {tables.label(tables.main)}, paired by seed and task, {t_text(tables.analysis.confidence)}, "
        f"n = {most} seed{'' if most == 1 else 's'})."
    )
    return Statement(sentence, _rows(tables, ranked, usual))


def _means(tables: PermutedTables, column: str) -> dict[str, pd.Series]:
    """Return the mean over the tasks from the second on of each seed that has them all, by arm."""
    last = max([0, *rows_with(tables.metrics, arm=tables.main)["task"].tolist()])
    found = {}
    for arm in _methods(tables) if last > 1 else ():
        whole = whole_runs(rows_with(tables.metrics, arm=arm), "task", [column], expected=range(2, last + 1))
        if len(whole):
            found[arm] = pd.Series(whole.groupby("seed")[column].mean(), dtype="float64")
    return found


def _methods(tables: PermutedTables) -> Iterator[str]:
    """Yield the main arm and those of experiments that are not about the length of the first task."""
    lengths = rows_with(tables.metrics, arm=tables.main)["first_task_epochs"].tolist()
    for arms in tables.families.values():
        rows = rows_with(tables.metrics, arm=list(arms))
        if (
            set(rows["first_task_epochs"]) <= set(lengths)
            and not np.isfinite(rows["nc1_threshold"].to_numpy(dtype=float)).any()
        ):
            yield from arms


def _groups(tables: PermutedTables, gains: Mapping[str, Value]) -> list[str]:
    """Return the methods that raise accuracy, those that lower it, and those of which this is open."""
    named: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for arm, gain in gains.items():
        direction = side(gain)
        shown = numbers(gain, POINTS) if direction >= 0 else sized(gain, POINTS)
        reason = f", {why_open(gain)}" if not direction else ""
        named[direction].append(f"{tables.label(arm)} ({'by ' if direction else ''}{shown}{reason})")
    words = {1: "higher with", -1: "lower with", 0: "not clearly different with"}
    return [f"{words[direction]} {', '.join(arms)}" for direction, arms in named.items() if arms]


def _rows(tables: PermutedTables, gains: Mapping[str, Value], usual: pd.Series) -> pd.DataFrame:
    """Return a row per method, the best first."""
    level = float(usual.mean())
    return pd.DataFrame(
        {
            "method": [tables.label(arm) for arm in gains],
            "mean accuracy without": level,
            "difference": [gain.estimate for gain in gains.values()],
            "ci_low": [gain.low for gain in gains.values()],
            "ci_high": [gain.high for gain in gains.values()],
            "n_seeds": [gain.n_seeds for gain in gains.values()],
            "decided": ["yes" if side(gain) else f"no: {why_open(gain)}" for gain in gains.values()],
        }
    )
