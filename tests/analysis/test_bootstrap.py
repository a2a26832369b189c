from itertools import permutations, product
from math import comb

import numpy as np
import pytest

from plasticity.analysis.bootstrap import averaged_interval, interval, mean_interval, pooled_interval, resamples
from plasticity.analysis.correlation import METHODS, coefficients, estimate, points_of

LEVEL = {"samples": 2000, "confidence": 0.95}
EPOCHS = np.arange(5.0, 65.0, 5.0)


def _study(seeds: int = 3, metrics: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(11)
    x = 5 / EPOCHS + 0.1 * generator.normal(size=(metrics, seeds, EPOCHS.size)) + generator.normal(size=(seeds, 1))
    y = 0.2 * x.mean(axis=0) + 0.1 * generator.normal(size=(seeds, EPOCHS.size))
    return x.round(2), y.round(2)


def _percentiles(values: list[float], tail: float = 0.025) -> tuple[float, float]:
    """The slow definition: the outermost values with the share `tail` of the resamples at or beyond them."""
    kept = sorted(value for value in values if not np.isnan(value))
    low = next(v for v in kept if sum(w <= v for w in kept) >= tail * len(kept) - 1e-9)
    high = next(v for v in reversed(kept) if sum(w >= v for w in kept) >= tail * len(kept) - 1e-9)
    return low, high


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_all_resamples_are_enumerated_with_their_probabilities(n: int) -> None:
    found = resamples(n, 2000)
    assert found.counts.shape == (comb(2 * n - 1, n), n)
    assert (found.counts.sum(axis=1) == n).all()
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-12)
    if n <= 5:
        seen: dict[tuple[int, ...], int] = {}
        for draw in product(range(n), repeat=n):
            key = tuple(np.bincount(draw, minlength=n).tolist())
            seen[key] = seen.get(key, 0) + 1
        expected = [seen[tuple(row)] / n**n for row in found.counts.astype(int).tolist()]
        np.testing.assert_allclose(found.probabilities, expected, rtol=1e-12)


def test_many_seeds_are_drawn_from_their_own_generator_and_alike_every_time() -> None:
    np.random.seed(0)  # noqa: NPY002 - to show that the global state is neither read nor moved
    untouched = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    found, again = resamples.__wrapped__(9, 500), resamples.__wrapped__(9, 500)
    assert np.random.random() == untouched  # noqa: NPY002
    assert found.counts.shape == (500, 9)
    assert (found.counts.sum(axis=1) == 9).all()
    np.testing.assert_array_equal(found.counts, again.counts)
    assert abs(found.counts.mean(axis=0) - 1).max() < 0.2


def test_interval_of_a_distribution_by_hand() -> None:
    values = np.array([[3.0, 1.0, 2.0, 4.0]])
    assert interval(values, np.array([0.3, 0.02, 0.08, 0.6]), 0.9).tolist() == [[2.0], [4.0]]
    assert interval(values, np.array([0.3, 0.05, 0.05, 0.6]), 0.9).tolist() == [[1.0], [4.0]]
    assert interval(values, np.array([0.9, 0.04, 0.03, 0.03]), 0.9).tolist() == [[2.0], [3.0]]


def test_undefined_resamples_are_left_out_until_they_are_half() -> None:
    values = np.array([[np.nan, 1.0, 2.0], [np.nan, np.nan, 2.0], [np.nan, np.nan, np.nan]])
    ends = interval(values, np.full(3, 1 / 3), 0.95)
    assert ends[:, 0].tolist() == [1.0, 2.0]
    assert np.isnan(ends[:, 1:]).all()


def test_mean_interval_agrees_with_all_resamples_in_a_loop() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4))
    ends = mean_interval(values, **LEVEL)
    for row in range(3):
        means = [float(np.mean(draw)) for draw in product(values[row], repeat=4)]
        np.testing.assert_allclose(ends[:, row], _percentiles(means), atol=1e-12)


def test_three_seeds_give_the_range_of_their_coefficients() -> None:
    assert mean_interval(np.array([[0.2, 0.9, 0.5]]), **LEVEL).ravel().tolist() == pytest.approx([0.2, 0.9])


def test_seeds_without_a_coefficient_are_not_resampled() -> None:
    values = np.array([[0.2, np.nan, 0.5, 0.3], [np.nan, np.nan, np.nan, 0.1], [0.1, 0.2, 0.3, 0.4]])
    ends = mean_interval(values, **LEVEL)
    np.testing.assert_array_equal(ends[:, 0], mean_interval(np.array([[0.2, 0.5, 0.3]]), **LEVEL)[:, 0])
    assert np.isnan(ends[:, 1]).all()
    np.testing.assert_array_equal(ends[:, 2], mean_interval(values[2:], **LEVEL)[:, 0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("holes", [False, True])
def test_pooled_interval_agrees_with_all_resamples_in_a_loop(method: str, holes: bool) -> None:
    x, y = _study()
    usable = np.random.default_rng(12).random(y.shape) > (0.2 if holes else -1.0)
    points = points_of(method, EPOCHS, x, y, usable)
    ends = pooled_interval(points, **LEVEL)
    for metric in range(len(x)):
        values = []
        for draw in map(list, product(range(3), repeat=3)):
            again = points_of(method, EPOCHS, x[metric][draw], y[draw], usable[draw])
            values.append(float(coefficients(again.pooled()).value))
        np.testing.assert_allclose(ends[:, metric], _percentiles(values), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_seeds_does_not_matter(method: str) -> None:
    x, y = _study()
    expected = pooled_interval(points_of(method, EPOCHS, x, y), **LEVEL)
    for order in map(list, permutations(range(3))):
        found = pooled_interval(points_of(method, EPOCHS, x[:, order], y[order]), **LEVEL)
        np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_identical_seeds_leave_no_width(method: str) -> None:
    x, y = _study()
    points = points_of(method, EPOCHS, x[:, [0, 0, 0]], y[[0, 0, 0]])
    ends = pooled_interval(points, **LEVEL)
    np.testing.assert_allclose(ends, np.stack([coefficients(points.pooled()).value] * 2), atol=1e-9)


def test_a_seed_without_points_is_not_resampled_and_a_single_seed_has_no_interval() -> None:
    x, y = _study()
    x[0, 1] = np.nan
    x[1, 1:] = np.nan
    for method in METHODS:
        ends = pooled_interval(points_of(method, EPOCHS, x, y), **LEVEL)
        two = pooled_interval(points_of(method, EPOCHS, x[:1, [0, 2]], y[[0, 2]]), **LEVEL)
        np.testing.assert_allclose(ends[:, 0], two[:, 0], atol=1e-10)
        assert np.isnan(ends[:, 1]).all()


def test_a_resample_of_constant_seeds_is_undefined() -> None:
    y = _study()[1]
    x = np.stack([np.full(EPOCHS.size, 1.0), np.full(EPOCHS.size, 1.0), EPOCHS])[None]
    for method in ("pearson", "spearman"):
        points = points_of(method, EPOCHS, x, y)
        ends = pooled_interval(points, **LEVEL)
        kept = [draw for draw in map(list, product(range(3), repeat=3)) if 2 in draw]
        values = [float(coefficients(points_of(method, EPOCHS, x[0, d], y[d]).pooled()).value) for d in kept]
        np.testing.assert_allclose(ends[:, 0], _percentiles(values), atol=1e-9)


def test_a_resample_of_seeds_that_follow_the_covariate_is_undefined() -> None:
    generator = np.random.default_rng(16)
    y = generator.normal(size=(2, EPOCHS.size))
    x = np.stack([0.1 - 0.7 * np.log(EPOCHS), y[1] + 0.01 * generator.normal(size=EPOCHS.size)])
    for seed_values in (x, x[::-1]):
        ends = pooled_interval(points_of("partial_log", EPOCHS, seed_values[None], y), **LEVEL)
        draws = [[0, 1], [1, 0], [0, 0], [1, 1]]
        values = [coefficients(points_of("partial_log", EPOCHS, seed_values[d], y[d]).pooled()).value for d in draws]
        assert np.isnan([float(value) for value in values]).sum() == 1
        np.testing.assert_allclose(ends[:, 0], _percentiles([float(value) for value in values]), atol=1e-9)


@pytest.mark.parametrize("method", METHODS[:5])
def test_resamples_that_hold_a_single_epoch_are_fitted_with_the_intercept_alone(method: str) -> None:
    x, y = _study(seeds=4)
    usable = np.zeros(y.shape, dtype=bool)
    usable[:3, 4] = usable[3] = True
    ends = pooled_interval(points_of(method, EPOCHS, x, y, usable), samples=2000, confidence=0.6)
    for metric in range(len(x)):
        values = []
        for draw in map(list, product(range(4), repeat=4)):
            again = points_of(method, EPOCHS, x[metric][draw], y[draw], usable[draw])
            values.append(float(coefficients(again.pooled()).value))
        np.testing.assert_allclose(ends[:, metric], _percentiles(values, 0.2), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_too_few_points_have_no_interval(method: str) -> None:
    x, y = _study()
    usable = np.zeros(y.shape, dtype=bool)
    usable[0, :2] = usable[1, 3] = usable[2, 5] = method == "partial_spline"
    usable[[0, 1], [0, 1]] = True
    ends = pooled_interval(points_of(method, EPOCHS, x, y, usable), **LEVEL)
    assert np.isnan(ends).all()


def test_drawn_resamples_come_close_to_all_of_them() -> None:
    x, y = _study(seeds=5)
    for method in ("pearson", "spearman", "partial_linear"):
        points = points_of(method, EPOCHS, x, y)
        exact = pooled_interval(points, samples=126, confidence=0.9)
        drawn = pooled_interval(points, samples=125, confidence=0.9)
        assert 0 < np.abs(exact - drawn).max() < 0.2


def test_the_interval_of_the_mean_covers_it_nearly_as_often_as_it_says() -> None:
    coefficients_of_8_seeds = 0.5 + 0.1 * np.random.default_rng(13).normal(size=(1000, 8))
    low, high = mean_interval(coefficients_of_8_seeds, **LEVEL)
    coverage = float(np.mean((low <= 0.5) & (high >= 0.5)))
    assert 0.85 < coverage < 0.95  # the percentile interval of few seeds is too narrow


def test_three_seeds_cover_the_mean_three_times_in_four() -> None:
    low, high = mean_interval(np.random.default_rng(14).normal(size=(2000, 3)), **LEVEL)
    assert float(np.mean((low <= 0) & (high >= 0))) == pytest.approx(0.75, abs=0.03)


def test_the_pooled_interval_covers_a_known_correlation() -> None:
    generator = np.random.default_rng(15)
    x = generator.normal(size=(200, 8, EPOCHS.size))
    y = 0.6 * x + 0.8 * generator.normal(size=x.shape)
    low, high = pooled_interval(points_of("pearson", EPOCHS, x, y), samples=300, confidence=0.95)
    assert 0.8 < float(np.mean((low <= 0.6) & (high >= 0.6))) < 0.98


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("holes", [False, True])
def test_averaged_interval_agrees_with_all_resamples_in_a_loop(method: str, holes: bool) -> None:
    x, y = _study()
    usable = np.random.default_rng(12).random(y.shape) > (0.2 if holes else -1.0)
    points = points_of(method, EPOCHS, x, y, usable)
    ends = averaged_interval(points, **LEVEL)
    for metric in range(len(x)):
        values = []
        for draw in map(list, product(range(3), repeat=3)):
            mask = points.mask[metric][draw]
            means = [
                [
                    np.mean(column[there]) if there.any() else np.nan
                    for column, there in zip(part.T, mask.T, strict=True)
                ]
                for part in (points.x[metric][draw], points.y[metric][draw])
            ]
            times = EPOCHS[1:] if method == "first_difference" else EPOCHS
            alike = "pearson" if method == "first_difference" else method
            values.append(estimate(alike, np.array(means[0]), np.array(means[1]), times).value)
        np.testing.assert_allclose(ends[:, metric], _percentiles(values), atol=1e-9)


def test_averages_of_opposite_noise_agree_better_than_the_seeds() -> None:
    noise = np.random.default_rng(4).normal(size=(2, EPOCHS.size))
    x = np.stack([EPOCHS + 20 * noise[0], EPOCHS - 20 * noise[0]])[None]
    y = np.stack([EPOCHS + 20 * noise[1], EPOCHS - 20 * noise[1]])
    points = points_of("pearson", EPOCHS, x, y)
    means = coefficients(points.averaged(np.ones((1, 2))))
    assert means.value.tolist() == [[pytest.approx(1.0)]]
    assert coefficients(points).value.max() < 0.9
    assert averaged_interval(points, **LEVEL)[1].tolist() == [pytest.approx(1.0)]
