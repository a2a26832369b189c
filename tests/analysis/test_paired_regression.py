import numpy as np
import pytest
from scipy.stats import t as student

from plasticity.analysis.inference import Level
from plasticity.analysis.paired_regression import PairedRegression

LEVEL = Level(confidence=0.95)


def _regression(random: np.random.Generator, seeds: int, cells: int, *, shared: float) -> PairedRegression:
    """Return pairs of every seed in every cell; so much of the errors' variance is shared within a seed."""
    seed, cell = (index.ravel() for index in np.indices((seeds, cells)))
    errors = np.sqrt(shared) * random.normal(size=seeds)[seed] + np.sqrt(1 - shared) * random.normal(size=seed.size)
    return PairedRegression(random.normal(size=seed.size) + random.normal(size=seeds)[seed], errors + cell, seed, cell)


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_a_slope_that_is_not_there_is_seen_as_rarely_as_the_level_says(shared: float) -> None:
    """Whether pairs of one seed depend on each other or not."""
    random, wrong, number = np.random.default_rng(1), 0, 300
    for _ in range(number):
        regression = _regression(random, 5, 4, shared=shared)
        wrong += regression.infer(regression.slope, LEVEL).p_value < 0.05
    assert 0 < wrong / number < 0.08


def test_two_cells_of_two_seeds_have_one_degree_of_freedom() -> None:
    """The oracle is what is left of two differences after the slope between them."""
    x, y = np.array([0.0, 1.0, 0.0, 3.0]), np.array([0.2, 0.5, 0.1, 1.9])
    regression = PairedRegression(x, y, np.arange(4), np.array([0, 0, 1, 1]))
    slope, squares = (1 * 0.3 + 3 * 1.8) / 10, 10 / 2
    rest = ((0.3 - slope) ** 2 + (1.8 - 3 * slope) ** 2) / 2
    found = regression.infer(regression.slope, LEVEL)
    half = student.ppf(0.975, 1) * np.sqrt(rest / squares)
    np.testing.assert_allclose((found.estimate, found.low, found.high), (slope, slope - half, slope + half))
    assert found.n_seeds == 4


def test_nothing_is_said_where_nothing_varies_or_nothing_is_left() -> None:
    cell = np.zeros(3, int)
    flat = PairedRegression(np.ones(3), np.arange(3.0), np.arange(3), cell)
    assert np.isnan(flat.infer(flat.slope, LEVEL).estimate)
    line = PairedRegression(np.arange(3.0), np.array([1.0, 3.0, 5.0]), np.arange(3), cell)
    assert line.infer(line.slope, LEVEL).estimate == pytest.approx(2.0)
    through_two = PairedRegression(np.arange(2.0), np.arange(2.0), np.arange(2), np.zeros(2, int))
    found = through_two.infer(through_two.slope, LEVEL)
    assert (found.estimate, found.note) == (pytest.approx(1.0), "nothing is left to judge by, no t interval")
    assert np.isnan(found.low)
