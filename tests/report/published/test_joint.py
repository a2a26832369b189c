"""Orders of arms and changes of sign: decided by all of their parts together, or not at all."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.report.published.claims import Claim
from plasticity.report.published.joint import agreement, value_of
from plasticity.report.published.measures import RunTables, Value
from plasticity.report.published.published_verdict import AGREES, DIFFERS, UNDECIDED, verdict

SEEDS = (1, 2, 3, 4, 5)


def _claim(shape: str, **measure: Any) -> Claim:
    return Claim(name="c", source="", basis="figure", quantity="", unit="1", shape=shape, measure=measure)


def _ranking(levels: dict[str, float], arms: list[Any], *, shape: str = "descending", noise: float = 0.01) -> Any:
    """Return verdict, reason and value of a ranking in a run whose arms have these means."""
    random = np.random.default_rng(0)
    rows = [
        {"arm": arm, "seed": seed, "task": task, "acc": level + seed + noise * random.standard_normal()}
        for arm, level in levels.items()
        for seed in SEEDS
        for task in (1, 2)
    ]
    tables = RunTables(pd.DataFrame(rows), pd.DataFrame(), "task", 0.95)
    claim = _claim(shape, of="ranking", column="acc", arms=arms, at="last")
    value = value_of(claim, tables)
    return *verdict(claim, value, 0.95), value


LEVELS = {"a": 0.9, "b": 0.8, "c": 0.81, "d": 0.2}


def test_an_order_agrees_if_all_neighbouring_ranks_do_whatever_is_within_one() -> None:
    decided, reason, value = _ranking(LEVELS, ["a", ["b", "c"], "d"])
    assert (decided, reason) == (AGREES, "all 4 differences between neighbouring ranks have the published sign")
    assert value.place == "task 2, a minus c"  # the smallest of the four
    assert (value.n_seeds, len(value.parts)) == (5, 4)
    assert value.estimate == pytest.approx(0.09, abs=0.02)
    assert _ranking(LEVELS, ["d", "b", "a"], shape="ascending")[0] == AGREES


def test_an_order_that_one_pair_has_the_other_way_round_differs_and_names_it() -> None:
    assert _ranking(LEVELS, ["a", "d", "b"])[:2] == (DIFFERS, "the other way round: d minus b")
    assert _ranking(LEVELS, ["a", "b", "d"], shape="ascending")[0] == DIFFERS


def test_an_order_with_a_pair_too_close_to_tell_is_undecided() -> None:
    decided, reason, _ = _ranking(LEVELS, ["a", "c", "b", "d"], noise=0.02)
    assert decided == UNDECIDED
    assert reason == "of 3 differences between neighbouring ranks, open: c minus b"


def test_holm_corrects_the_differences_of_one_order() -> None:
    """A difference of p = 0.04 decides alone, and not beside three of the same."""
    half, estimate = 2.776, 2.999  # of 4 degrees of freedom: t at 97.5 % and at 98.5 %
    part = Value(estimate=estimate, low=estimate - half, high=estimate + half, n_seeds=5, place="a minus b")
    assert part.p_value(0.95) == pytest.approx(0.04, abs=1e-4)
    assert [agreement("descending", [part] * number, 0.95)[0] for number in (1, 4)] == [1, 0]
    assert agreement("ascending", [part], 0.95) == (-1, "the other way round: a minus b")
    assert agreement("descending", [replace(part, n_seeds=2)], 0.95)[0] == 0


def test_an_order_of_an_arm_without_rows_has_no_value() -> None:
    assert _ranking(LEVELS, ["a", "z"])[2].missing == "no row of z in metrics.parquet"


def _agents(slopes: dict[str, float]) -> RunTables:
    random = np.random.default_rng(1)
    rows = []
    for group, slope in slopes.items():
        for seed in SEEDS:
            for arm in "ab":
                x = random.standard_normal()
                rows.append(
                    {"arm": f"{arm}_{group}", "seed": seed, "environment": group, "step": 10, "rank": x}
                    | {"probe_loss": slope * x + 0.1 * random.standard_normal()}
                )
    return RunTables(pd.DataFrame(rows), pd.DataFrame(), "step", 0.95)


@pytest.mark.parametrize(
    ("slopes", "decided", "reason"),
    [
        ({"easy": 1, "hard": -1, "sparse": 0}, AGREES, "slope positive: easy; negative: hard"),
        ({"easy": 1, "hard": 1}, DIFFERS, "the slope is positive in every group"),
        ({"easy": 1, "hard": 0}, UNDECIDED, "of the slopes in 2 groups, open: hard"),
    ],
)
def test_a_sign_flips_if_it_is_certain_in_two_groups(slopes: dict[str, float], decided: str, reason: str) -> None:
    claim = _claim("flips", of="sign_change", x="rank", y="probe_loss", group="environment", at="last")
    value = value_of(claim, _agents(slopes))
    assert verdict(claim, value, 0.95) == (decided, reason)
    assert np.isnan(value.estimate)


def test_the_p_value_of_a_slope_has_the_degrees_of_freedom_of_its_interval() -> None:
    """One less than the effective number of seeds: fewer than t over the seeds has."""
    claim = _claim("flips", of="sign_change", x="rank", y="probe_loss", group="environment", at="last")
    steep = value_of(claim, _agents({"easy": 1, "hard": -1})).parts[0]
    assert steep.p_value(0.95) > 10 * replace(steep, p=None).p_value(0.95)


def test_a_sign_cannot_change_in_one_group_or_without_the_column() -> None:
    measure = {"of": "sign_change", "x": "rank", "y": "probe_loss", "group": "environment", "at": "last"}
    assert value_of(_claim("flips", **measure), _agents({"easy": 1})).missing == "one environment alone"
    other = _claim("flips", **{**measure, "x": "nc1"})
    assert value_of(other, _agents({"easy": 1})).missing == "nc1 was not measured"
