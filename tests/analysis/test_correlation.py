from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from plasticity.analysis.basis import natural_spline
from plasticity.analysis.correlation import METHODS, coefficients, points_of
from plasticity.analysis.published_effects import PERMUTED
from single_series import estimate, first_difference, partial, pearson, spearman

# Bonifazi et al. (2024), 14 networks of the permuted-MNIST study: NC1 after the first task, accuracy on the third,
# epochs on the first.
NC1 = np.array(
    [0.1707, 0.1783, 0.1783, 0.1793, 0.18, 0.19, 0.1908, 0.1933, 0.195, 0.1973, 0.2042, 0.2129, 0.2164, 0.218]
)
ACCURACY = np.array(
    [0.9142, 0.9176, 0.8945, 0.8944, 0.9226, 0.9227, 0.9245, 0.9237, 0.9235, 0.9236, 0.9245, 0.925, 0.9254, 0.9261]
)
EPOCHS = np.array([9.0, 7, 35, 34, 3, 3, 2, 3, 3, 2, 2, 1, 1, 1])

SERIES = st.lists(st.tuples(*[st.integers(-50, 50)] * 2), min_size=5, max_size=25)


def _series(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.array(pairs, dtype=np.float64).T
    return x, y, np.arange(1.0, len(x) + 1) * 5


def _slow_pearson(x: np.ndarray, y: np.ndarray) -> float:
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    xy = xx = yy = 0.0
    for a, b in zip(x, y, strict=True):
        xy += (a - mean_x) * (b - mean_y)
        xx += (a - mean_x) ** 2
        yy += (b - mean_y) ** 2
    return xy / (xx * yy) ** 0.5


def _slow_partial(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> float:
    xy, xz, yz = _slow_pearson(x, y), _slow_pearson(x, z), _slow_pearson(y, z)
    return (xy - xz * yz) / ((1 - xz**2) * (1 - yz**2)) ** 0.5


def _noise(n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    t = np.arange(1.0, n + 1) * 5
    x = 10 / t + 0.05 * generator.normal(size=n)
    return x, 0.6 + 0.02 * x + 0.001 * generator.normal(size=n), t


def test_the_published_and_the_recomputed_correlations_of_the_permuted_study() -> None:
    assert pearson(NC1, ACCURACY).value == pytest.approx(0.606, abs=0.001)
    assert pearson(NC1, EPOCHS).value == pytest.approx(-0.54, abs=0.005)
    unrounded = NC1 + 1e-6 * (np.arange(14) == 2)  # rounding ties the second and the third
    assert spearman(unrounded, EPOCHS).value == pytest.approx(-0.91, abs=0.005)
    assert pearson(EPOCHS, ACCURACY).value == pytest.approx(-0.994, abs=0.001)
    assert partial(NC1, ACCURACY, EPOCHS).value == pytest.approx(0.74, abs=0.01)
    assert partial(NC1, ACCURACY, EPOCHS, basis="log").value == pytest.approx(-0.82, abs=0.01)


def test_the_published_sizes_are_those_of_the_logarithm() -> None:
    found = {
        "total": pearson(np.log(NC1), ACCURACY),
        "partial_linear": partial(np.log(NC1), ACCURACY, EPOCHS),
        "partial_log": partial(np.log(NC1), ACCURACY, EPOCHS, basis="log"),
    }
    for form, coefficient in found.items():
        size = PERMUTED["correlation", form, "thresholds", "log_nc1"].size
        assert coefficient.value == pytest.approx(size, abs=5e-4)


def test_pearson_and_spearman_agree_with_plain_loops_and_with_scipy() -> None:
    x, y, _ = _noise()
    assert pearson(x, y).value == pytest.approx(_slow_pearson(x, y), abs=1e-12)
    assert pearson(x, y).value == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-12)
    tied = np.round(x, 1)
    assert spearman(tied, y).value == pytest.approx(stats.spearmanr(tied, y)[0], abs=1e-12)


def test_partial_correlations_agree_with_the_closed_formula() -> None:
    x, y, t = _noise()
    assert partial(x, y, t).value == pytest.approx(_slow_partial(x, y, t), abs=1e-10)
    assert partial(x, y, t, basis="log").value == pytest.approx(_slow_partial(x, y, np.log(t)), abs=1e-10)


def test_the_spline_partial_agrees_with_explicit_least_squares() -> None:
    x, y, t = _noise()
    basis = natural_spline(t)
    rest = [values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0] for values in (x, y)]
    assert partial(x, y, t, basis="spline").value == pytest.approx(stats.pearsonr(*rest)[0], abs=1e-10)


def test_first_differences_agree_with_a_loop_and_do_not_depend_on_the_order_of_rows() -> None:
    x, y, t = _noise()
    dx = np.array([x[i + 1] - x[i] for i in range(len(x) - 1)])
    dy = np.array([y[i + 1] - y[i] for i in range(len(y) - 1)])
    shuffled = np.random.default_rng(4).permutation(len(x))
    found = first_difference(x[shuffled], y[shuffled], t[shuffled])
    assert found.value == pytest.approx(_slow_pearson(dx, dy), abs=1e-12)
    assert found.n_points == len(x) - 1


def test_a_difference_needs_both_neighbours() -> None:
    x, y, t = _noise(8)
    x[3] = np.nan
    found = first_difference(x, y, t)
    keep = [0, 1, 4, 5, 6]
    assert found.n_points == 5
    assert found.n_excluded == 1
    assert found.value == pytest.approx(_slow_pearson(np.diff(x)[keep], np.diff(y)[keep]), abs=1e-12)


@pytest.mark.parametrize("slope", [2.0, -0.5])
def test_a_straight_line_correlates_perfectly(slope: float) -> None:
    x, _, t = _noise()
    y = 1 + slope * x
    for method in METHODS:
        assert estimate(method, x, y, t).value == pytest.approx(np.sign(slope), abs=1e-9), method


def test_a_common_trend_is_all_there_is() -> None:
    generator = np.random.default_rng(5)
    t = np.arange(5.0, 2005.0, 5.0)
    x, y = (np.log(t) + 0.1 * generator.normal(size=t.size) for _ in range(2))
    assert pearson(x, y).value > 0.95
    assert abs(partial(x, y, t, basis="log").value) < 0.15
    assert abs(first_difference(x, y, t).value) < 0.15


@pytest.mark.parametrize(
    ("x", "y", "note"),
    [
        ([1, 2], [3, 4], "2 points"),
        ([1], [3], "1 point"),
        ([], [], "0 points"),
        ([1, 2, np.nan, np.inf], [3, 4, 5, 6], "2 points"),
        ([0.1] * 7, [1, 2, 3, 4, 5, 6, 7], "constant nc4"),
        ([1, 2, 3], [1e-3] * 3, "constant accuracy"),
        ([7, 7, 7], [0.1] * 3, "constant nc4 and accuracy"),
    ],
)
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_undefined_coefficients_say_why(method: str, x: list[float], y: list[float], note: str) -> None:
    found = estimate(method, np.array(x), np.array(y), names=("nc4", "accuracy"))
    assert np.isnan(found.value)
    assert found.note == note
    assert found.n_points + found.n_excluded == len(x)


def test_what_differs_in_its_last_digits_is_constant_to_pearson_and_ordered_to_spearman() -> None:
    x, y = np.array([1e6, 1e6 + 1e-9, 1e6 + 2e-9]), np.array([1.0, 2.0, 3.0])
    assert pearson(x, y).note == "constant x"
    assert spearman(x, y).value == pytest.approx(1)


def test_a_metric_that_is_a_function_of_the_epoch_has_no_residuals() -> None:
    _, y, t = _noise()
    assert estimate("partial_linear", 3 * t, y, t, names=("nc1", "y")).note == "constant nc1 residuals"
    assert estimate("partial_log", 2 - np.log(t), y, t).note == "constant x residuals"
    assert estimate("partial_spline", y, t / 7, t).note == "constant y residuals"
    assert estimate("first_difference", 3 * t, y, t).note == "constant x differences"


def test_one_degree_of_freedom_is_no_estimate() -> None:
    t = np.array([8.0, 16.0, 24.0])
    x, y = np.array([3.0, 1.0, 2.0]), np.array([1.0, 5.0, 2.0])
    assert partial(x, y, t).note == "3 points for a fit of 2 terms"
    assert np.isnan(partial(x, y, t).value)
    assert np.isfinite(pearson(x, y).value)
    assert first_difference(x, y, t).note == "2 points"


def test_points_that_are_not_finite_are_counted_and_do_not_matter() -> None:
    x, y, t = _noise()
    dirty_x, dirty_y = x.copy(), y.copy()
    dirty_x[[3, 7]], dirty_y[[7, 9]] = np.nan, np.inf
    keep = np.setdiff1d(np.arange(len(x)), [3, 7, 9])
    for method in METHODS[:4]:
        found, clean = estimate(method, dirty_x, dirty_y, t), estimate(method, x[keep], y[keep], t[keep])
        assert (found.n_points, found.n_excluded) == (37, 3)
        assert found.value == pytest.approx(clean.value, abs=1e-12)


def test_the_logarithm_leaves_out_epoch_0_and_counts_it() -> None:
    x, y, t = _noise()
    with_0 = estimate("partial_log", np.append(99.0, x), np.append(99.0, y), np.append(0.0, t))
    assert with_0.n_excluded == 1
    assert with_0.value == pytest.approx(partial(x, y, t, basis="log").value, abs=1e-12)
    assert estimate("partial_linear", np.append(99.0, x), np.append(99.0, y), np.append(0.0, t)).n_excluded == 0


def test_many_series_at_once_agree_with_one_at_a_time() -> None:
    generator = np.random.default_rng(6)
    t = np.arange(5.0, 105.0, 5.0)
    x, y = generator.normal(size=(4, 3, 20)).round(1), generator.normal(size=(3, 20)).round(1)
    x[generator.random(x.shape) < 0.1] = np.nan
    usable = generator.random(y.shape) > 0.1
    for method in METHODS:
        points = points_of(method, t, x, y, usable)
        found, pooled = coefficients(points), coefficients(points.pooled())
        for m in range(4):
            for s in range(3):
                alone = estimate(method, np.where(usable[s], x[m, s], np.nan), y[s], t)
                assert found.value[m, s] == pytest.approx(alone.value, abs=1e-12)
                assert found.n_points[m, s] == alone.n_points
            if method != "first_difference":  # whose pairs a single series would chain across seeds
                used = np.where(usable, x[m], np.nan).ravel()
                alone = estimate(method, used, y.ravel(), np.tile(t, 3))
                assert pooled.value[m] == pytest.approx(alone.value, abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(*[st.integers(0, 20)] * 4), min_size=4, max_size=12), st.permutations(range(4)))
def test_equal_means_over_seeds_are_tied_whatever_the_order_of_the_sum(
    tenths: list[tuple[int, ...]], order: list[int]
) -> None:
    """0.1 + 0.2 is not 0.3 to a computer; ranks of means must not depend on it."""
    y, x = np.array(tenths).T, np.arange(float(len(tenths)))
    assume(len(set(y.sum(axis=0))) > 1)
    points = points_of("spearman", x, np.broadcast_to(x, y.shape), (y / 10)[order])
    found = coefficients(points.averaged(np.ones((1, 4)))).value[0]
    assert found == pytest.approx(stats.spearmanr(x, y.sum(axis=0))[0], abs=1e-12)


def test_pooled_first_differences_stay_within_a_seed() -> None:
    x = np.array([[0.0, 1.0, 3.0], [100.0, 104.0, 105.0]])
    y = np.array([[5.0, 7.0, 8.0], [-5.0, 0.0, 4.0]])
    found = coefficients(points_of("first_difference", np.array([8, 16, 24]), x, y).pooled())
    assert found.value == pytest.approx(_slow_pearson(np.array([1.0, 2, 4, 1]), np.array([2.0, 1, 5, 4])), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SERIES, st.sampled_from(METHODS), st.floats(0.01, 100), st.floats(-100, 100))
def test_positive_affine_maps_change_nothing_and_negation_only_the_sign(
    pairs: list[tuple[int, int]], method: str, scale: float, shift: float
) -> None:
    x, y, t = _series(pairs)
    before = estimate(method, x, y, t)
    assume(np.isfinite(before.value))
    assert estimate(method, np.round(scale, 3) * x + np.round(shift, 3), y, t).value == pytest.approx(
        before.value, abs=1e-7
    )
    assert estimate(method, x, -y, t).value == pytest.approx(-before.value, abs=1e-9)
    assert estimate(method, y, x, t).value == pytest.approx(before.value, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(SERIES)
def test_spearman_sees_only_the_order(pairs: list[tuple[int, int]]) -> None:
    x, y, _ = _series(pairs)
    np.testing.assert_allclose(spearman(np.exp(x / 25), y**3).value, spearman(x, y).value, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(SERIES, st.sampled_from(METHODS))
def test_a_coefficient_is_within_its_bounds_or_undefined_with_a_reason(
    pairs: list[tuple[int, int]], method: str
) -> None:
    found = estimate(method, *_series(pairs))
    assert bool(found.note) == bool(np.isnan(found.value))
    assert not abs(found.value) > 1


@settings(max_examples=40, deadline=None)
@given(SERIES, st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(pairs: list[tuple[int, int]], method: str, random: Random) -> None:
    x, y, t = _series(pairs)
    order = list(range(len(x)))
    random.shuffle(order)
    np.testing.assert_allclose(
        estimate(method, x[order], y[order], t[order]).value, estimate(method, x, y, t).value, atol=1e-9
    )


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected one of .*'kendall'"):
        estimate("kendall", NC1, ACCURACY, EPOCHS)
