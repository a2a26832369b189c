import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from plasticity.analysis.power import power_of, seeds_for_correlation, seeds_needed


@pytest.mark.parametrize(("size", "seeds"), [(0.5, 3), (1, 3), (2, 3), (5, 3), (0.5, 34), (10, 2), (0.01, 3000)])
def test_power_is_that_of_the_library_where_that_is_finite(size: float, seeds: int) -> None:
    expected = float(TTestPower().power(size, seeds, 0.05))
    assert power_of(size, 1.0, seeds, confidence=0.95) == pytest.approx(expected, abs=1e-5)
    assert power_of(-3 * size, 3.0, seeds, confidence=0.95) == pytest.approx(expected, abs=1e-5)


def test_a_huge_effect_has_power_one_and_none_has_the_level() -> None:
    assert power_of(1e6, 1.0, 3, confidence=0.95) == pytest.approx(1)
    assert power_of(0.0, 1.0, 5, confidence=0.95) == pytest.approx(0.05, abs=1e-4)


def test_the_textbook_size_needs_34_seeds() -> None:
    """Cohen (1988), table 2.4.1 for one sample: d = 0.5, two-sided 5 %, power 0.8."""
    assert seeds_needed(0.5, 1.0, confidence=0.95) == 34
    assert seeds_needed(0.5, 0.0001, confidence=0.95) == 2
    assert seeds_needed(0.0001, 1.0, confidence=0.95) == 10_000


@given(st.floats(0.2, 5), st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None, max_examples=12)
def test_fewer_seeds_than_needed_do_not_have_the_power(size: float, confidence: float) -> None:
    needed = seeds_needed(size, 1.0, confidence=confidence)
    assert power_of(size, 1.0, needed, confidence=confidence) >= 0.8
    assert needed == 2 or power_of(size, 1.0, needed - 1, confidence=confidence) < 0.8


def test_seeds_for_a_correlation_by_hand_and_by_simulation() -> None:
    """((1.95996 + 0.84162)/artanh 0.6)² + 3 = 19.3; Cohen (1988, table 3.4.1) has 28 for r = 0.5 (exact test)."""
    assert seeds_for_correlation(0.6, confidence=0.95) == 20
    assert seeds_for_correlation(-0.6, confidence=0.95) == 20
    assert seeds_for_correlation(0.5, confidence=0.95) in {28, 29, 30}
    n, random = seeds_for_correlation(0.6, confidence=0.95), np.random.default_rng(0)
    x = random.normal(size=(4000, n))
    y = 0.6 * x + 0.8 * random.normal(size=x.shape)
    x, y = (v - v.mean(axis=1, keepdims=True) for v in (x, y))
    r = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    seen = np.abs(np.arctanh(r)) * np.sqrt(n - 3) > 1.959964
    assert 0.77 < seen.mean() < 0.85
