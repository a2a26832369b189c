import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from plasticity.analysis.published_effects import Effect
from plasticity.analysis.verdict import VERDICTS, corrected, holm, judged, verdict

BASE = {
    **{"question": "beyond_length", "quantity": "correlation", "method": "total", "window_kind": "all"},
    **{"outcome": "accuracy", "n_seeds": 5, "estimate": 0.5, "ci_low": 0.2, "ci_high": 0.7, "p_value": 0.01},
    **{"p_adjusted": 0.02, "expected_sign": 1.0, "published": np.nan, "deviation": 0.4},
    **{"effect": None, "primary": False},
}
EXACT = {"sd": 0.0, "seeds": 5}
UNSURE = {"p_adjusted": 0.3, "ci_low": -0.2, "ci_high": 0.7}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "supports"),
        ({"expected_sign": -1.0}, "contradicts"),
        ({"expected_sign": np.nan}, "above zero"),
        ({"expected_sign": np.nan, "estimate": -0.5}, "below zero"),
        (UNSURE, "undecided"),
        (UNSURE | {"effect": Effect(size=0.9, **EXACT)}, "smaller than published"),
        (UNSURE | {"effect": Effect(size=0.6, **EXACT)}, "undecided"),
        (UNSURE | {"effect": Effect(size=0.9, sd=0.3, seeds=5)}, "undecided"),  # itself uncertain
        (UNSURE | {"effect": Effect(size=0.75, seeds=5)}, "undecided"),  # of unknown spread
        (UNSURE | {"effect": Effect(size=0.8, networks=14, seeds=5)}, "undecided"),
        (UNSURE | {"effect": Effect(size=-0.3, **EXACT)}, "smaller than published"),
        (UNSURE | {"effect": Effect(size=-0.1, **EXACT)}, "undecided"),
        ({"p_adjusted": 0.05}, "undecided"),
        ({"n_seeds": 2}, "too few seeds"),
        ({"ci_low": np.nan}, "undefined"),
        ({"estimate": np.nan}, "undefined"),
        ({"p_adjusted": np.nan}, "no test"),
        ({"question": "power", "estimate": 5.0}, "enough seeds"),
        ({"question": "power", "estimate": 6.0}, "too few seeds"),
    ],
)
def test_the_rule(changes: dict, expected: str) -> None:
    assert verdict(BASE | changes, 0.95) == expected
    assert expected in VERDICTS


def test_holm_by_hand_within_a_family_and_not_across() -> None:
    """Holm (1979): ordered p times m, m − 1, ...; never below the one before."""
    values = [0.03, 0.01, 0.02, np.nan]
    rows = pd.DataFrame([BASE | {"p_value": p} for p in values] + [BASE | {"p_value": 0.04, "outcome": "log_nc1"}])
    found = corrected(rows)
    np.testing.assert_allclose(found["p_adjusted"], [0.04, 0.03, 0.04, np.nan, 0.04])
    assert found["n_tests"].tolist() == [3, 3, 3, 3, 1]
    assert rows.columns.tolist() == list(BASE)  # what it is given stays as it was


def test_a_question_is_one_family_and_its_declared_answer_has_half_of_the_level() -> None:
    rows = [BASE | {"p_value": 0.02, "primary": True}]
    rows += [BASE | {"p_value": p, "method": m, "window_kind": w} for p, m, w in ((0.01, "a", "x"), (0.02, "b", "y"))]
    found = corrected(pd.DataFrame(rows))
    # Weights 1/2, 1/4, 1/4: ratios 0.04, 0.04, 0.08; all open 1; then, without the first two, 1/4.
    np.testing.assert_allclose(found["p_adjusted"], [0.04, 0.04, 0.04])
    assert found["n_tests"].tolist() == [3, 3, 3]
    few = corrected(pd.DataFrame([rows[0] | {"n_seeds": 2}, rows[1]]))
    assert np.isnan(few["p_adjusted"].iloc[0])  # no test, so it takes nothing from the other
    assert few["p_adjusted"].iloc[1] == 0.01


@settings(deadline=None, max_examples=30)
@given(arrays(float, st.integers(1, 9), elements=st.floats(0, 1)))
def test_holm_is_that_of_its_definition(p_values: np.ndarray) -> None:
    """Holm (1979): the j-th smallest p-value times the number that is still open, never below the one before."""
    largest, expected = 0.0, np.empty(len(p_values))
    for place, at in enumerate(np.argsort(p_values)):
        largest = max(largest, (len(p_values) - place) * p_values[at])
        expected[at] = min(largest, 1.0)
    np.testing.assert_allclose(holm(p_values), expected, atol=1e-15)


def test_holm_is_that_of_statsmodels() -> None:
    """On one array: statsmodels collects garbage at every call, for long in a process of many tests."""
    p_values = np.array([0.03, 0.2, 0.001, 0.03, 0.9, 0.012, 0.0, 1.0])
    np.testing.assert_allclose(holm(p_values), np.asarray(multipletests(p_values, method="holm")[1]), atol=1e-15)


def test_power_stands_where_a_size_was_published() -> None:
    rows = corrected(pd.DataFrame([BASE | {"published": 0.9}, BASE, BASE | {"published": 0.9, "n_seeds": 1}]))
    found = judged(rows, 0.95)
    assert 0.9 < found["power"].iloc[0] <= 1
    assert 2 <= found["seeds_needed"].iloc[0] <= 5
    assert found["power"].isna().tolist() == found["seeds_needed"].isna().tolist() == [False, True, True]
