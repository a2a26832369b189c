from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.report.published.claims import SIGNS, Claim
from plasticity.report.published.measures import Value
from plasticity.report.published.published_verdict import AGREES, DIFFERS, UNDECIDED, published_interval, verdict


def _claim(**given: Any) -> Claim:
    words: dict[str, Any] = {"name": "c", "source": "", "basis": "text", "quantity": "", "unit": "1"}
    return Claim(**words, measure={"of": "contrast"}, **given)


def _judged(claim: Claim, low: float, high: float) -> str:
    value = Value(estimate=(low + high) / 2, low=low, high=high, n_seeds=3)
    return verdict(claim, value, published_interval(claim, 0.95))[0]


def test_a_published_number_leaves_open_its_rounding_and_its_seeds() -> None:
    assert published_interval(_claim(value=0.6, precision=0.05), 0.95) == pytest.approx((0.55, 0.65))
    # t(2 degrees of freedom, 97.5 %) = 4.302653
    low, high = published_interval(_claim(value=0.6, precision=0.05, sd=0.1, n=3), 0.95)
    assert high - 0.6 == pytest.approx(0.6 - low) == pytest.approx(0.05 + 4.302653 * 0.1 / np.sqrt(3))
    assert published_interval(_claim(value=0.6, precision=0.05, sd=0.1, n=1), 0.95) == pytest.approx((0.55, 0.65))
    assert published_interval(_claim(range=(0.1, 0.2)), 0.95) == (0.1, 0.2)
    assert np.isnan(published_interval(_claim(shape="falls"), 0.95)).all()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 0.2, DIFFERS), (0.1, 0.55, AGREES), (0.5, 0.7, AGREES), (0.58, 0.6, AGREES), (0.65001, 0.7, DIFFERS)],
)
def test_a_number_agrees_where_the_intervals_meet(low: float, high: float, expected: str) -> None:
    assert _judged(_claim(value=0.6, precision=0.05), low, high) == expected


@pytest.mark.parametrize("shape", SIGNS)
@pytest.mark.parametrize(("low", "high"), [(-2.0, -1.0), (-1.0, 1.0), (0.0, 0.0), (1.0, 2.0)])
def test_a_shape_is_the_sign_of_its_interval(shape: str, low: float, high: float) -> None:
    sign = np.sign(low) if np.sign(low) == np.sign(high) else 0
    expected = AGREES if sign == SIGNS[shape] else UNDECIDED if sign == 0 else DIFFERS
    assert _judged(_claim(shape=shape), low, high) == expected


def test_what_is_undefined_or_has_no_interval_decides_nothing() -> None:
    claim = _claim(value=0.6, precision=0.05)
    assert verdict(claim, Value(missing="constant nc1"), (0.5, 0.7)) == (UNDECIDED, "constant nc1")
    assert verdict(claim, Value(), (0.5, 0.7))[0] == UNDECIDED
    assert verdict(claim, Value(estimate=0.6, n_seeds=1), (0.5, 0.7)) == (UNDECIDED, "1 seed, no interval")


@pytest.mark.parametrize("given", [{"value": 0.6, "precision": 0.05}, {"value": -0.6}, {"shape": "rises"}])
def test_a_bootstrap_interval_of_two_seeds_decides_nothing(given: dict[str, Any]) -> None:
    claim = _claim(**given)
    bootstrapped = replace(claim, measure={"of": "correlation"})
    value = Value(estimate=0.5, low=0.4, high=0.6, n_seeds=2)
    between = published_interval(claim, 0.95)
    assert verdict(bootstrapped, value, between) == (UNDECIDED, "2 seeds: the bootstrap interval decides nothing")
    assert verdict(bootstrapped, replace(value, n_seeds=3), between)[0] in {AGREES, DIFFERS}
    assert verdict(claim, value, between)[0] in {AGREES, DIFFERS}  # Student's t is made for two


@given(st.floats(-5, 5), st.floats(0, 2), st.floats(-5, 5), st.floats(0, 2))
def test_a_number_agrees_with_a_run_as_the_run_with_it(value: float, half: float, mean: float, width: float) -> None:
    there = _judged(_claim(value=value, precision=half), mean - width, mean + width)
    back = _judged(_claim(value=mean, precision=width), value - half, value + half)
    assert there == back
