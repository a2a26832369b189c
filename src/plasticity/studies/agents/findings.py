"""Findings of the study of agents, from its tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from plasticity.analysis.sign_test import ALL, FALSIFIED, ONE_SIGN, SIGNS
from plasticity.report.figures.axes import metric_name
from plasticity.report.published.measures import Value
from plasticity.report.summary.finding import NotInThisRun, Statement, mean_over_seeds, rows_with
from plasticity.report.summary.words import inconclusive, numbers, seeds_text, side, sized, t_text
from plasticity.studies.agents.figure_tables import AgentTables
from plasticity.studies.agents.pages.outcomes import with_change
from plasticity.studies.agents.quantities import PROBE_LOSS

_SHOWN = ["quantity", "group", "slope", "ci_low", "ci_high", "p_adjusted", "verdict", "n_agents", "n_seeds", "note"]


def ran(tables: AgentTables) -> dict[str, str]:
    """Return what was run, as far as only this study has it."""
    agents = len(tables.metrics.groupby(["arm", "seed"])) if len(tables.metrics) else 0
    environments = ", ".join(name.replace("_", " ") for name in dict.fromkeys(tables.metrics["environment"]))
    steps = sorted(set(tables.metrics["step"].tolist()))
    return {
        "Agents": f"{agents}, in the environments {environments or 'none'}",
        "Checkpoints": f"{len(steps)}, from step {steps[0]} to {steps[-1]}" if steps else "none",
        "Left out": tables.left_out,
    }


def plasticity_lost(tables: AgentTables) -> Statement:
    """Does the probe loss of the first arm rise from before training to the end?

    Raises:
        NotInThisRun: If no probe was measured.
    """
    if not tables.probed:
        raise NotInThisRun("no plasticity probe (measure.probe)")
    arm = next(arm for arm in tables.arms if arm in set(tables.metrics["arm"]))
    rows = rows_with(with_change(tables.metrics), arm=arm).set_index("seed").sort_index()
    rows = rows.loc[~rows["diverged"].eq(True)]
    change = mean_over_seeds(rows["change"], tables.analysis.confidence)
    words = {
        1: f"Agents lose plasticity: probe loss rises by {numbers(change)} from before training to the end",
        -1: f"Agents gain plasticity: probe loss falls by {sized(change)} from before training to the end",
        0: f"{inconclusive(change)}: probe loss changes by {numbers(change)} from before training to the end",
    }
    over = f"{t_text(tables.analysis.confidence)}, {seeds_text(change.n_seeds)}"
    sentence = f"{words[side(change)]} ({tables.label(arm)}, {over})."
    return Statement(sentence, rows[["step", PROBE_LOSS, "change"]].reset_index())


def falsified(tables: AgentTables) -> Statement:
    """Which quantities go with probe loss in opposite directions in two environments, and which in one everywhere?

    Raises:
        NotInThisRun: If there are no tests, or a single environment.
    """
    tests = rows_with(tables.falsification, kind="environment")
    groups = [group for group in dict.fromkeys(tests["group"]) if group != ALL]
    if tests.empty or len(groups) < 2:
        raise NotInThisRun("no plasticity probe (measure.probe) in several environments")
    signs, confidence = rows_with(tests, group=ALL), tables.analysis.confidence
    falsified, alike = (_named(signs, verdict) for verdict in (FALSIFIED, ONE_SIGN))
    them, signs_of = ("it" if len(falsified) == 1 else "them"), f"the sign of the slope on {', '.join(falsified)}"
    parts = [f"{signs_of} differs between environments, which rules {them} out as the cause"] if falsified else []
    parts += [f"the slope on {', '.join(alike)} has the same sign in all {len(groups)} environments"] if alike else []
    sentence = "; ".join(parts) or "inconclusive: no quantity's slope clearly differs from zero in all environments"
    decided = sum(verdict in SIGNS for verdict in tests["verdict"])
    sentence = (
        f"{sentence[:1].upper()}{sentence[1:]}; {decided} of {max(tests['n_tests'])} slopes of probe loss differ from "
        f"zero; {_extremes(tests, [*falsified, *alike])} per standard deviation "
        f"({t_text(confidence)}, jackknife, Holm\N{RIGHT SINGLE QUOTATION MARK}s correction for all slopes, "
        f"{max(signs['n_agents'])} agents, {seeds_text(max(tests['n_seeds']))})."
    )
    return Statement(sentence, tests.filter(_SHOWN))


def _extremes(tests: pd.DataFrame, named: Sequence[str]) -> str:
    """Return the least and the greatest slope of a quantity: the first of those named, else that of least p-value."""
    slopes = tests.loc[tests["group"].ne(ALL)].sort_values("p_value", kind="stable")
    names = {metric_name(name): name for name in slopes["quantity"]}
    quantity = names[named[0]] if named else str(slopes["quantity"].iloc[0])
    own = rows_with(slopes, quantity=quantity).sort_values("slope", kind="stable").to_dict("records")
    parts = [f"{numbers(_value(row))} in {row['group'].replace('_', ' ')}" for row in (own[-1], own[0])]
    return f"the slope on {metric_name(quantity)} is {' and '.join(dict.fromkeys(parts))}"


def _value(row: Mapping[Any, Any]) -> Value:
    low, high = float(row["ci_low"]), float(row["ci_high"])
    return Value(estimate=float(row["slope"]), low=low, high=high, n_seeds=int(row["n_seeds"]))


def _named(signs: pd.DataFrame, verdict: str) -> list[str]:
    """Return what figures call the quantities with a verdict."""
    return [metric_name(name) for name in rows_with(signs, verdict=verdict)["quantity"]]
