"""Intervals by leaving out seeds, against the definition in loops, and what leaves none."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from plasticity.analysis.correlation import METHODS, coefficients, points_of
from plasticity.analysis.jackknife import (
    averaged_interval,
    fisher_z,
    jackknife,
    mean_interval,
    pooled_interval,
    subsets,
)
from single_series import estimate

EPOCHS = np.arange(5.0, 65.0, 5.0)
LEVEL = 0.95


def _study(seeds: int = 4, metrics: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(11)
    x = 5 / EPOCHS + 0.1 * generator.normal(size=(metrics, seeds, EPOCHS.size)) + generator.normal(size=(seeds, 1))
    y = 0.2 * x.mean(axis=0) + 0.1 * generator.normal(size=(seeds, EPOCHS.size))
    return x.round(2), y.round(2)


def _t_interval(whole: float, without: list[float], *, corrected: bool = True) -> tuple[float, float]:
    """The slow definition: Student's t of the pseudo-values of Fisher's z, about their mean or the estimate."""
    n, z = len(without), float(np.arctanh(whole))
    pseudo = [n * z - (n - 1) * float(np.arctanh(value)) for value in without]
    half, centre = stats.t.ppf(0.975, n - 1) * float(stats.sem(pseudo)), float(np.mean(pseudo)) if corrected else z
    return min(float(np.tanh(centre - half)), whole), max(float(np.tanh(centre + half)), whole)


def _without(seeds: int) -> list[list[int]]:
    return [[seed for seed in range(seeds) if seed != out] for out in range(seeds)]


def test_subsets_are_all_seeds_and_all_but_each() -> None:
    assert subsets(3).tolist() == [[1, 1, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_of_a_mean_it_is_students_t_interval() -> None:
    values = np.array([0.3, 1.1, -0.4, 0.9])
    draws = subsets(4)
    found = jackknife((draws @ values / draws.sum(axis=1))[None], LEVEL, correlation=False)
    expected: Any = stats.ttest_1samp(values, 0)
    interval = expected.confidence_interval(LEVEL)
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high))
    assert found.p_value[0] == pytest.approx(expected.pvalue)
    assert found.deviation[0] == pytest.approx(values.std(ddof=1))


def test_the_interval_of_a_mean_of_correlations_agrees_with_its_definition() -> None:
    values = np.array([[0.2, 0.9, 0.5, np.nan], [-0.3, -0.2, -0.4, -0.99]])
    ends = mean_interval(values, LEVEL)
    for row, used in enumerate((values[0, :3], values[1])):
        without = [float(np.delete(used, out).mean()) for out in range(used.size)]
        low, high = _t_interval(float(used.mean()), without)
        others = _of_spread(used)
        np.testing.assert_allclose(ends[:, row], (min(low, others[0]), max(high, others[1])), atol=1e-9)


def _of_spread(values: np.ndarray) -> tuple[float, float]:
    """The slow definition: means of tanh of normal values, by integration, at the ends of the t interval of z."""
    z = np.arctanh(values)
    half = stats.t.ppf(0.975, values.size - 1) * float(stats.sem(z))
    scale = z.std(ddof=1) * np.sqrt((z.size - 1) / max(z.size - 3, 1))
    low, high = (float(stats.norm.expect(np.tanh, loc=z.mean() + sign * half, scale=scale)) for sign in (-1, 1))
    return low, high


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("holes", [False, True])
def test_pooled_and_averaged_intervals_agree_with_a_loop(method: str, holes: bool) -> None:
    x, y = _study()
    usable = np.random.default_rng(12).random(y.shape) > (0.2 if holes else -1.0)
    points = points_of(method, EPOCHS, x, y, usable)
    pooled, averaged = pooled_interval(points, LEVEL), averaged_interval(points, LEVEL)
    for metric in range(len(x)):

        def over(seeds: list[int], metric: int = metric) -> float:
            again = points_of(method, EPOCHS, x[metric][seeds], y[seeds], usable[seeds])
            return float(coefficients(again.pooled()).value)

        def of_means(seeds: list[int], metric: int = metric) -> float:
            mask = points.mask[metric][seeds]
            numbers = np.where(mask.any(axis=0), mask.sum(axis=0), np.nan)
            sums = (np.where(mask, part[metric][seeds], 0.0).sum(axis=0) for part in (points.x, points.y))
            x_mean, y_mean = ((each / numbers).round(12) for each in sums)  # equal means are ties
            times = EPOCHS[1:] if method == "first_difference" else EPOCHS
            chosen = "pearson" if method == "first_difference" else method
            return estimate(chosen, x_mean, y_mean, times).value

        everybody = list(range(4))
        for found, value in ((pooled, over), (averaged, of_means)):
            without = [value(seeds) for seeds in _without(4)]
            expected = _t_interval(value(everybody), without, corrected=found is pooled)
            np.testing.assert_allclose(found[:, metric], expected, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_seeds_does_not_matter_and_the_estimate_is_inside(method: str) -> None:
    x, y = _study(seeds=3)
    points = points_of(method, EPOCHS, x, y)
    expected = pooled_interval(points, LEVEL)
    value = coefficients(points.pooled()).value
    assert ((expected[0] < value) & (value < expected[1])).all()
    for order in map(list, permutations(range(3))):
        found = pooled_interval(points_of(method, EPOCHS, x[:, order], y[order]), LEVEL)
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_equal_seeds_leave_no_interval_rather_than_one_of_no_width() -> None:
    x, y = _study(seeds=3)
    points = points_of("spearman", EPOCHS, x[:, [0, 0, 0]], y[[0, 0, 0]])
    assert np.isnan(pooled_interval(points, LEVEL)).all()
    assert np.isnan(averaged_interval(points, LEVEL)).all()
    assert np.isnan(mean_interval(np.array([[-0.2, -0.2, -0.2], [1.0, 1.0, 1.0]]), LEVEL)).all()
    zeros = jackknife(np.zeros((1, 4)), LEVEL, correlation=False)
    assert zeros.alike[0] and np.isnan([zeros.low[0], zeros.high[0], zeros.p_value[0], zeros.deviation[0]]).all()


def test_exact_agreement_of_some_seeds_does_not_outweigh_the_others() -> None:
    low, high = mean_interval(np.array([[-1.0, -1.0, -0.976]]), LEVEL)[:, 0]
    assert -1 < low < -0.99 < high < -0.8
    assert np.isfinite(fisher_z(np.array([-1.0, 1.0]))).all()


def test_too_few_seeds_and_points_have_none() -> None:
    x, y = _study(seeds=3)
    x[0, 1:] = np.nan
    for method in METHODS:
        points = points_of(method, EPOCHS, x, y)
        assert np.isnan(pooled_interval(points, LEVEL)[:, 0]).all()
        assert np.isfinite(pooled_interval(points, LEVEL)[:, 1]).all()
    assert np.isnan(mean_interval(np.array([[0.4, np.nan, np.nan]]), LEVEL)).all()
    usable = np.zeros(y.shape, dtype=bool)
    usable[0, :4] = usable[1, 3] = usable[2, 5] = True  # without seed 1, two points are left
    assert np.isnan(pooled_interval(points_of("pearson", EPOCHS, x, y, usable), LEVEL)).all()


def test_an_estimate_that_hangs_on_one_seed_has_none() -> None:
    y = _study(seeds=3)[1]
    x = np.stack([np.full(EPOCHS.size, 1.0), np.full(EPOCHS.size, 1.0), EPOCHS])[None]
    for method in ("pearson", "spearman"):
        assert np.isnan(pooled_interval(points_of(method, EPOCHS, x, y), LEVEL)).all()


def test_averages_of_opposite_noise_agree_better_than_the_seeds() -> None:
    noise = np.random.default_rng(4).normal(size=(2, EPOCHS.size))
    x = np.stack([EPOCHS + 20 * noise[0], EPOCHS - 20 * noise[0]])[None]
    y = np.stack([EPOCHS + 20 * noise[1], EPOCHS - 20 * noise[1]])
    points = points_of("pearson", EPOCHS, x, y)
    assert coefficients(points.averaged(np.ones((1, 2)))).value.tolist() == [[pytest.approx(1.0)]]
    assert coefficients(points).value.max() < 0.9
