import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from plasticity.analysis.verdict import VERDICTS, corrected, holm, judged, verdict

BASE = {
    **{"question": "beyond_length", "quantity": "correlation", "method": "total", "window_kind": "all"},
    **{"family": "accuracy", "n_seeds": 5, "estimate": 0.5, "ci_low": 0.2, "ci_high": 0.7, "p_value": 0.01},
    **{"p_adjusted": 0.02, "expected_sign": 1.0, "published": np.nan, "deviation": 0.4},
}
UNSURE = {"p_adjusted": 0.3, "ci_low": -0.2, "ci_high": 0.7}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "supports"),
        ({"expected_sign": -1.0}, "contradicts"),
        ({"expected_sign": np.nan}, "above zero"),
        ({"expected_sign": np.nan, "estimate": -0.5}, "below zero"),
        (UNSURE, "undecided"),
        (UNSURE | {"published": 0.9}, "smaller than published"),
        (UNSURE | {"published": 0.6}, "undecided"),
        (UNSURE | {"published": -0.3}, "smaller than published"),
        (UNSURE | {"published": -0.1}, "undecided"),
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
    rows = pd.DataFrame([BASE | {"p_value": p} for p in values] + [BASE | {"p_value": 0.04, "method": "partial_log"}])
    found = corrected(rows)
    np.testing.assert_allclose(found["p_adjusted"], [0.04, 0.03, 0.04, np.nan, 0.04])
    assert found["n_tests"].tolist() == [3, 3, 3, 3, 1]
    assert rows.columns.tolist() == list(BASE)  # what it is given stays as it was


@settings(deadline=None, max_examples=30)
@given(arrays(float, st.integers(1, 9), elements=st.floats(0, 1)))
def test_holm_is_that_of_statsmodels(p_values: np.ndarray) -> None:
    np.testing.assert_allclose(holm(p_values), np.asarray(multipletests(p_values, method="holm")[1]), atol=1e-15)


def test_power_stands_where_a_size_was_published() -> None:
    rows = corrected(pd.DataFrame([BASE | {"published": 0.9}, BASE, BASE | {"published": 0.9, "n_seeds": 1}]))
    found = judged(rows, 0.95)
    assert 0.9 < found["power"].iloc[0] <= 1
    assert 2 <= found["seeds_needed"].iloc[0] <= 5
    assert found["power"].isna().tolist() == found["seeds_needed"].isna().tolist() == [False, True, True]
