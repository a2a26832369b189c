"""Two uncertain numbers: equal up to a margin, unequal, or neither; directions; and what decides nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.report.published.claims import SIGNS, Claim
from plasticity.report.published.measures import Value
from plasticity.report.published.published_verdict import (
    AGREES,
    DIFFERS,
    UNDECIDED,
    margin_text,
    published_interval,
    verdict,
)

T5, T2 = 2.570582, 4.302653  # Student's t, 97.5 %, of 5 and of 2 degrees of freedom
ONE_SIDED_T5 = 2.015048  # 95 %


def _claim(**given: Any) -> Claim:
    words: dict[str, Any] = {"name": "c", "source": "", "basis": "text", "quantity": "", "unit": "fraction"}
    words |= {"measure": {"of": "level"}, "kind": "accuracy", "margin": 0.01}
    return Claim(**{**words, **given})


def _value(estimate: float, error: float, n_seeds: int = 6) -> Value:
    """Return a mean with Student's t interval of its standard error."""
    half = {6: T5, 3: T2}[n_seeds] * error
    return Value(estimate=estimate, low=estimate - half, high=estimate + half, n_seeds=n_seeds)


def _said(claim: Claim, value: Value) -> str:
    return verdict(claim, value, 0.95)[0]


def test_a_published_interval_is_that_of_its_seeds_its_range_or_its_runs() -> None:
    assert published_interval(_claim(value=0.6, precision=0.05), 0.95) == pytest.approx((0.55, 0.65))
    low, high = published_interval(_claim(value=0.6, precision=0.05, sd=0.1, n=3), 0.95)
    assert high - 0.6 == pytest.approx(0.6 - low) == pytest.approx(0.05 + T2 * 0.1 / np.sqrt(3))
    low, high = published_interval(_claim(range=(0.1, 0.4), n=3), 0.95)
    assert (low + high) / 2 == pytest.approx(0.25)
    assert high - low == pytest.approx(2 * T2 * 0.3 / 1.693 / np.sqrt(3))
    assert published_interval(_claim(value=0.6, interval=(0.1, 0.8)), 0.95) == (0.1, 0.8)
    assert np.isnan(published_interval(_claim(shape="falls"), 0.95)).all()


@pytest.mark.parametrize(
    ("estimate", "error", "expected"),
    [
        (0.600, 0.001, AGREES),
        (0.603, 0.001, AGREES),  # unequal for certain, by less than the margin for certain
        (0.600, 0.02, UNDECIDED),  # a wide interval is no agreement
        (0.620, 0.001, DIFFERS),
        (0.620, 0.02, UNDECIDED),
    ],
)
def test_a_number_agrees_differs_or_is_undecided(estimate: float, error: float, expected: str) -> None:
    assert _said(_claim(value=0.6, sd=0.002, n=6), _value(estimate, error)) == expected


def test_the_published_spread_counts_as_much_as_this_run_s() -> None:
    own = _value(0.62, 0.004)
    assert _said(_claim(value=0.6, sd=0.0, n=6), own) == DIFFERS
    assert _said(_claim(value=0.6, sd=0.03, n=6), own) == UNDECIDED
    assert _said(_claim(value=0.6, precision=0.02, sd=0.0, n=6), own) == UNDECIDED  # read off a figure


def test_an_unknown_spread_is_taken_to_be_this_run_s() -> None:
    """Half of the interval of the difference is √(1 + 6/n) times this run's."""
    claim, error = _claim(value=0.6, n=2), 0.001
    edge = T5 * error * np.sqrt(1 + 6 / 2)
    assert _said(replace(claim, margin=1e-6), _value(0.6 + 1.01 * edge, error)) == DIFFERS
    assert _said(replace(claim, margin=1e-6), _value(0.6 + 0.99 * edge, error)) == UNDECIDED
    assert "without a spread" in verdict(claim, _value(0.6, error), 0.95)[1]
    assert "single run" in verdict(_claim(value=0.6), _value(0.6, error), 0.95)[1]


def test_correlations_are_compared_by_fisher_s_z() -> None:
    claim = _claim(value=-0.9448, precision=0.0, n=6, kind="correlation", margin=0.3)
    ends = np.tanh(np.arctanh(-0.8683) + np.array([-1, 1]) * 0.42)
    own = Value(estimate=-0.8683, low=ends[0], high=ends[1], n_seeds=6, correlation=True)
    assert _said(claim, own) == UNDECIDED  # 0.456 apart, interval of the difference ± 0.594
    narrow = np.tanh(np.arctanh(-0.8683) + np.array([-1, 1]) * 0.3)
    assert _said(claim, replace(own, low=narrow[0], high=narrow[1])) == DIFFERS
    released = replace(claim, interval=(-0.998, -0.980), value=-0.994)
    assert _said(released, own) == DIFFERS


@pytest.mark.parametrize("shape", [shape for shape, sign in SIGNS.items() if sign])
@pytest.mark.parametrize(("low", "high"), [(-2.0, -1.0), (-1.0, 1.0), (0.0, 0.0), (1.0, 2.0)])
def test_a_direction_is_the_sign_of_its_interval(shape: str, low: float, high: float) -> None:
    sign = np.sign(low) if np.sign(low) == np.sign(high) else 0
    expected = UNDECIDED if sign == 0 else AGREES if sign == SIGNS[shape] else DIFFERS
    value = Value(estimate=(low + high) / 2, low=low, high=high, n_seeds=3)
    assert _said(_claim(shape=shape), value) == expected
    assert margin_text(_claim(shape=shape)) == ""


@pytest.mark.parametrize(
    ("estimate", "error", "expected"),
    [
        (0.0, 0.01 / ONE_SIDED_T5 * 0.99, AGREES),
        (0.0, 0.01 / ONE_SIDED_T5 * 1.01, UNDECIDED),
        (0.005, 0.0001, AGREES),
        (0.02, 0.001, DIFFERS),
        (0.02, 0.01, UNDECIDED),
    ],
)
def test_zero_has_a_margin(estimate: float, error: float, expected: str) -> None:
    assert _said(_claim(shape="zero"), _value(estimate, error)) == expected


def test_level_is_a_ratio_near_one() -> None:
    claim = _claim(shape="level", kind="ratio", margin=0.1, measure={"of": "contrast", "log": True})
    assert _said(claim, _value(0.027, 0.001)) == AGREES  # 2.7 % more
    assert _said(claim, _value(0.0, 0.5)) == UNDECIDED  # a factor of 0.3 to 3.6
    assert _said(claim, _value(0.2, 0.01)) == DIFFERS
    assert margin_text(claim) == "within 10 %"


def test_seeds_that_are_alike_are_judged_by_the_sign_test() -> None:
    alike = Value(estimate=-1.0, n_seeds=6, alike=True)
    assert _said(_claim(shape="falls"), alike) == AGREES
    assert _said(_claim(shape="rises"), alike) == DIFFERS
    assert _said(_claim(shape="falls"), replace(alike, n_seeds=5)) == UNDECIDED  # p = 1/16
    assert _said(_claim(shape="zero"), alike) == UNDECIDED
    assert _said(_claim(shape="falls"), replace(alike, estimate=0.0)) == UNDECIDED


def test_what_is_undefined_or_has_no_interval_decides_nothing() -> None:
    claim = _claim(value=0.6, precision=0.05)
    assert verdict(claim, Value(missing="constant nc1"), 0.95) == (UNDECIDED, "constant nc1")
    assert _said(claim, Value()) == UNDECIDED
    assert verdict(claim, Value(estimate=0.6, n_seeds=1), 0.95) == (UNDECIDED, "1 seed, too few to decide")
    two = Value(estimate=0.6, low=0.59, high=0.61, n_seeds=2)
    assert verdict(claim, two, 0.95) == (UNDECIDED, "2 seeds, too few to decide")
    assert verdict(claim, Value(estimate=0.6, n_seeds=3), 0.95)[0] == UNDECIDED


@given(st.floats(-5, 5), st.floats(0.001, 2), st.floats(-5, 5), st.floats(0.001, 2))
def test_a_number_is_to_a_run_as_the_run_to_it(value: float, sd: float, mean: float, other: float) -> None:
    def compared(value: float, sd: float, mean: float, other: float) -> str:
        return _said(_claim(value=value, sd=sd, n=6), _value(mean, other / np.sqrt(6)))

    assert compared(value, sd, mean, other) == compared(mean, other, value, sd)
