from typing import Any

import numpy as np
import pytest
from scipy import stats

from plasticity.analysis.inference import Level, infer

LEVEL = Level(confidence=0.95)


def _mean_of(values: np.ndarray):
    return lambda draws: draws @ values / draws.sum(axis=1)


def test_the_interval_of_a_mean_is_students_t() -> None:
    values = np.array([0.3, 1.1, -0.4, 0.9])
    found = infer(_mean_of(values), 4, LEVEL)
    expected: Any = stats.ttest_1samp(values, 0)
    interval = expected.confidence_interval(0.95)
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.deviation == pytest.approx(values.std(ddof=1))
    assert found.n_seeds == 4


def test_a_correlation_stays_within_its_range_through_fishers_z() -> None:
    values = np.array([0.99, 0.95, 0.2])
    found = infer(lambda draws: draws @ values / draws.sum(axis=1), 3, LEVEL, correlation=True)
    assert -1 < found.low < found.estimate < found.high < 1


def test_what_too_few_seeds_leave_out() -> None:
    one = infer(_mean_of(np.array([1.0])), 1, LEVEL)
    assert (one.estimate, one.note) == (1.0, "1 seed, no interval")
    assert np.isnan([one.low, one.p_value]).all()
    assert infer(_mean_of(np.array([])), 0, LEVEL).note == "no points"
    assert infer(lambda draws: np.full(len(draws), np.nan), 3, LEVEL).note == "undefined"


def test_an_estimate_that_hangs_on_one_seed_has_no_t_interval() -> None:
    found = infer(lambda draws: np.where(draws[:, 0] > 0, 1.0, np.nan), 3, LEVEL)
    assert found.estimate == 1
    assert np.isnan(found.low)
    assert found.note == "undefined without one of the seeds (1 of 3), no t interval"


@pytest.mark.parametrize("seeds", [3, 6])
def test_the_t_interval_covers_a_pooled_slope(seeds: int) -> None:
    """Points of a seed share errors: a slope pooled over them, 400 studies, the truth 0.5 is to be covered."""
    random = np.random.default_rng(seeds)
    inside = 0
    for _ in range(400):
        x = random.normal(size=(seeds, 8))
        y = 0.5 * x + random.normal(size=(seeds, 1)) * x + random.normal(size=(seeds, 8))
        xy, xx = (x * y).sum(axis=1), (x * x).sum(axis=1)
        found = infer(lambda draws, xy=xy, xx=xx: (draws @ xy) / (draws @ xx), seeds, LEVEL)
        inside += found.low <= 0.5 <= found.high
    assert inside / 400 > 0.91


def test_seeds_that_make_no_difference_have_no_interval_of_no_width() -> None:
    found = infer(_mean_of(np.array([0.3, 0.1 + 0.2, 0.3])), 3, LEVEL)  # the same but for rounding
    assert found.estimate == pytest.approx(0.3)
    assert np.isnan([found.low, found.high, found.p_value]).all()
    assert found.note == "the same without any of the seeds, no t interval"
    certain = infer(lambda draws: np.ones(len(draws)), 3, LEVEL, correlation=True)
    assert np.isnan(certain.p_value)
    none = infer(_mean_of(np.zeros(3)), 3, LEVEL)
    assert np.isnan([none.low, none.high, none.p_value]).all()
