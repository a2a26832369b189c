import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plasticity.report.published.measures import Value
from plasticity.report.summary.finding import (
    NotInThisRun,
    cause,
    correlation,
    mean_over_seeds,
    over_doses,
    rows_with,
    the_row,
    together,
)
from plasticity.report.summary.words import side, why_open

ROW = {"estimate": 0.2, "ci_low": 0.1, "ci_high": 0.3, "n_seeds": 3, "n_tests": 5, "verdict": "above zero", "note": ""}


def test_the_mean_over_seeds_has_student_s_interval():
    values = [0.1, 0.4, 0.15, 0.3]
    found = mean_over_seeds(dict(enumerate(values)), 0.9)
    expected = stats.t.interval(0.9, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.estimate, found.n_seeds) == (pytest.approx(np.mean(values)), 4)


def test_what_is_not_finite_is_no_seed():
    found = mean_over_seeds({1: 0.5, 2: np.nan, 3: np.inf}, 0.95)
    assert (found.estimate, found.n_seeds) == (0.5, 1)
    assert np.isnan(found.low)
    assert mean_over_seeds({1: np.nan}, 0.95).n_seeds == 0


def test_a_cause_decides_as_its_verdict_does_and_not_as_its_bare_interval():
    assert side(cause(ROW)) == 1
    corrected = cause({**ROW, "verdict": "undecided"})
    assert side(corrected) == 0
    assert why_open(corrected) == "not significant after Holm’s correction for 5 tests"
    assert why_open(cause({**ROW, "verdict": "too few seeds"})) == "too few seeds"
    assert why_open(cause({**ROW, "ci_low": -0.1, "verdict": "smaller than published"})) == "the interval includes zero"
    undefined = {"estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan, "verdict": "undefined", "note": "2 points"}
    assert why_open(cause({**ROW, **undefined})) == "undefined: 2 points"


@pytest.mark.parametrize(("unit", "step"), [("fraction per dose", 99.0), ("fraction per ln dose", np.log(100))])
def test_a_slope_over_all_doses_goes_from_the_smallest_to_the_largest(unit, step):
    found = over_doses({**ROW, "unit": unit, "dose_low": 1.0, "dose_high": 100.0})
    assert [found[name] for name in ("estimate", "ci_low", "ci_high")] == pytest.approx(
        [0.2 * step, 0.1 * step, 0.3 * step]
    )


def test_two_seeds_decide_nothing():
    row = {"estimate": 0.7, "ci_low": 0.5, "ci_high": 0.9, "n_seeds": 3, "note": ""}
    assert side(correlation(row)) == 1
    assert why_open(correlation({**row, "n_seeds": 2})) == "2 seeds are too few to decide"
    undefined = {"estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n_seeds": 0, "note": "constant nc4"}
    assert why_open(correlation(undefined)) == "undefined: constant nc4"


def test_two_seeds_and_equal_ones_are_no_mean_that_decides():
    assert why_open(mean_over_seeds([0.1, 0.11], 0.95)) == "2 seeds are too few to decide"
    assert side(mean_over_seeds([0.1, 0.1001], 0.95)) == 0
    assert why_open(mean_over_seeds([0.1, 0.1, 0.1], 0.95)) == "no interval"


def test_two_seeds_are_too_few_wherever_a_value_comes_from():
    found = together([Value(estimate=0.9, low=0.8, high=0.95, n_seeds=2, correlation=True)], 0.95)[0]
    assert side(found) == 0
    assert why_open(found) == "2 seeds are too few to decide"


def test_what_one_sentence_decides_is_corrected_together():
    values = [mean_over_seeds(found, 0.95) for found in ([1.0, 1.1, 0.9, 1.05], [0.1, 0.5, 0.9, 0.4], [0.3, -0.5, 0.1])]
    assert values[1].p_value(0.95) == pytest.approx(stats.ttest_1samp([0.1, 0.5, 0.9, 0.4], 0)[1])
    assert [side(value) for value in values[:2]] == [1, 0] or side(values[1]) == 1
    found = together(values, 0.95)
    assert [side(value) for value in found] == [1, 0, 0]
    assert side(together(values[:1], 0.95)[0]) == 1


def test_rows_are_found_by_their_values_or_are_not_in_this_run():
    table = pd.DataFrame({"arm": ["a", "a", "b"], "seed": [1, 2, 1], "x": [1.0, 2.0, 3.0]})
    assert rows_with(table, arm="a", seed=[1, 2])["x"].tolist() == [1.0, 2.0]
    assert the_row(table, "nothing", arm="b")["x"] == 3.0
    with pytest.raises(NotInThisRun, match="no c"):
        the_row(table, "no c", arm="c")
