import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.analysis.moments import moments_of


def _points(random: np.random.Generator, *, n: int = 40, v: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return random.normal(size=(n, v)) + 5, random.integers(0, 4, n), random.integers(0, 5, n)


def _by_lstsq(
    variables: np.ndarray, groups: np.ndarray, covariates: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """The slow oracle: residuals of a least-squares fit on dummies and covariates, points repeated by their weight."""
    repeat = np.ones(len(groups), int) if weights is None else weights.astype(int)
    variables, groups = np.repeat(variables, repeat, axis=0), np.repeat(groups, repeat)
    design = np.column_stack([np.equal.outer(groups, np.unique(groups)), variables[:, :covariates]]).astype(float)
    rest = variables[:, covariates:] - design @ np.linalg.lstsq(design, variables[:, covariates:], rcond=None)[0]
    return rest.T @ rest


@pytest.mark.parametrize("covariates", [0, 1])
@pytest.mark.parametrize("kind", ["crossed", "nested", "alone"])
def test_residual_products_are_those_of_a_least_squares_fit(kind: str, covariates: int) -> None:
    variables, seeds, codes = _points(np.random.default_rng(1))
    groups = {"crossed": codes, "nested": seeds * 10 + codes, "alone": np.zeros_like(codes)}[kind]
    moments = moments_of(variables, seeds=seeds, groups=groups, covariates=covariates)
    assert moments.nested == (kind == "nested")
    found = moments.residual(np.ones((1, 4)))[0]
    np.testing.assert_allclose(found, _by_lstsq(variables, groups, covariates), rtol=1e-9, atol=1e-11)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(lambda draws: sum(x > 0 for x in draws) > 1))
@settings(deadline=None, max_examples=30)
def test_a_resample_is_the_fit_to_its_repeated_points(draws: list[int]) -> None:
    variables, seeds, codes = _points(np.random.default_rng(2), n=60)
    for groups in (codes, seeds * 10 + codes):
        moments = moments_of(variables, seeds=seeds, groups=groups, covariates=1)
        expected = _by_lstsq(variables, groups, 1, np.array(draws)[seeds])
        np.testing.assert_allclose(moments.residual(np.array([draws], float))[0], expected, rtol=1e-8, atol=1e-10)


def test_many_resamples_in_chunks_are_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    variables, seeds, codes = _points(np.random.default_rng(3))
    moments = moments_of(variables, seeds=seeds, groups=codes)
    draws = np.random.default_rng(4).integers(1, 3, (7, 4)).astype(float)
    whole = moments.residual(draws)
    monkeypatch.setattr("plasticity.analysis.moments._CHUNK", 100)
    np.testing.assert_allclose(moments.residual(draws), whole, rtol=1e-12)  # sums of a BLAS depend on their length


def test_a_constant_variable_has_no_square_and_no_slope() -> None:
    variables, seeds, codes = _points(np.random.default_rng(5), v=2)
    variables[:, 1] = 0.1
    found = moments_of(variables, seeds=seeds, groups=codes).residual(np.ones((1, 4)))[0]
    assert np.isnan(found[1, 1])
    assert found[0, 1] == 0
    variables[:, 1] = codes  # constant within its group
    assert np.isnan(moments_of(variables, seeds=seeds, groups=codes).residual(np.ones((1, 4)))[0, 1, 1])


def test_means_counts_and_points_to_spare() -> None:
    variables, seeds, codes = _points(np.random.default_rng(6))
    moments = moments_of(variables, seeds=seeds, groups=codes, covariates=1)
    np.testing.assert_allclose(moments.mean(np.ones((1, 4)))[0], variables.mean(axis=0))
    draws = np.array([[2.0, 0, 0, 1]])
    expected = np.average(variables, axis=0, weights=np.array([2, 0, 0, 1])[seeds])
    np.testing.assert_allclose(moments.mean(draws)[0], expected)
    assert (moments.seeds, moments.points, moments.spare) == (4, 40, 40 - 5 - 1)
    empty = moments_of(np.empty((0, 2)), seeds=np.empty(0, int))
    assert (empty.seeds, empty.points) == (0, 0)


def test_points_to_spare_of_a_resample_are_those_of_its_different_seeds() -> None:
    variables, seeds, codes = _points(np.random.default_rng(7))
    moments = moments_of(variables, seeds=seeds, groups=codes, covariates=1)
    draws = np.array([[3.0, 0, 0, 1], [1, 1, 1, 1], [0, 1, 0, 0]])
    for spare, taken in zip(moments.spare_of(draws), draws > 0, strict=True):
        inside = taken[seeds]
        assert spare == inside.sum() - len(set(codes[inside])) - 1


def test_a_seed_whose_points_are_alone_in_their_groups_tells_nothing() -> None:
    variables, seeds, codes = _points(np.random.default_rng(8))
    alone = seeds == 2
    codes[alone] = 100 + np.arange(alone.sum())
    moments = moments_of(variables, seeds=seeds, groups=codes)
    informative = moments.informative()
    assert (moments.seeds, informative.seeds) == (4, 3)
    assert informative.spare == moments.spare
    np.testing.assert_allclose(informative.residual(np.ones((1, 3))), moments.residual(np.ones((1, 4))))
    assert moments_of(variables, seeds=seeds).informative().seeds == 4
