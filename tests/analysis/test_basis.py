import numpy as np
import pytest

from plasticity.analysis.basis import BASES, basis_of, natural_spline, orthonormal, rank_of, residuals

EPOCHS = np.arange(5.0, 351.0, 5.0)


def test_natural_spline_is_linear_beyond_its_outer_knots_and_smooth_between_them() -> None:
    t = np.linspace(0.0, 100.0, 2001)
    basis = natural_spline(t)
    assert basis.shape == (2001, 4)
    second = np.diff(basis, n=2, axis=0) / (t[1] - t[0]) ** 2
    outside = (t[1:-1] < 4.9) | (t[1:-1] > 95.1)
    assert np.abs(second[outside]).max() < 1e-9
    assert np.abs(second[~outside]).max() > 1e-4
    jumps = np.abs(np.diff(second, axis=0)).max()
    assert jumps < 0.01 * np.abs(second).max()


def test_natural_spline_spans_what_scipys_natural_splines_span() -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    t = np.linspace(0.0, 1.0, 201)
    knots = np.quantile(t, (0.05, 0.35, 0.65, 0.95))
    inside = (t >= knots[0]) & (t <= knots[-1])
    reference = np.stack([interpolate.CubicSpline(knots, unit, bc_type="natural")(t[inside]) for unit in np.eye(4)]).T
    ours = natural_spline(t)[inside]
    fitted = ours @ np.linalg.lstsq(ours, reference, rcond=None)[0]
    np.testing.assert_allclose(fitted, reference, atol=1e-10)


@pytest.mark.parametrize("name", BASES)
def test_orthonormal_keeps_the_span_of_the_points_that_count(name: str) -> None:
    mask = np.random.default_rng(1).random((3, EPOCHS.size)) < 0.6
    q = orthonormal(basis_of(name, EPOCHS), mask)
    for row in range(3):
        basis = basis_of(name, EPOCHS)[mask[row]]
        projector = basis @ np.linalg.pinv(basis)
        inside = q[row, mask[row]]
        np.testing.assert_allclose(inside.T @ inside, np.eye(basis.shape[1]), atol=1e-12)
        np.testing.assert_allclose(inside @ inside.T, projector, atol=1e-9)
    assert not q[~mask].any()
    assert (rank_of(q) == basis_of(name, EPOCHS).shape[1]).all()


def test_dependent_functions_do_not_count() -> None:
    mask = np.ones(3, dtype=bool)
    assert rank_of(orthonormal(basis_of("spline", np.array([8.0, 16.0, 24.0])), mask)) == 3
    assert rank_of(orthonormal(basis_of("spline", np.full(3, 8.0)), mask)) == 1
    assert rank_of(orthonormal(basis_of("linear", EPOCHS[:3]), np.zeros(3, dtype=bool))) == 0


@pytest.mark.parametrize("name", BASES)
def test_residuals_are_those_of_least_squares(name: str) -> None:
    values = np.random.default_rng(2).normal(size=EPOCHS.size) * 1e6 + 1e8
    basis, mask = basis_of(name, EPOCHS), np.ones(EPOCHS.size, dtype=bool)
    expected = values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
    found = residuals(values, orthonormal(basis, mask), mask)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-8)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_residuals_survive_any_scale(scale: float) -> None:
    mask = np.ones(4, dtype=bool)
    found = residuals(np.array([1.0, 2.0, 4.0, 3.0]) * scale, orthonormal(np.ones((4, 1)), mask), mask)
    np.testing.assert_allclose(found, np.array([-1.5, -0.5, 1.5, 0.5]) / np.sqrt(5.0), atol=1e-12)


def test_numerically_constant_residuals_are_zero() -> None:
    mask = np.ones(EPOCHS.size, dtype=bool)
    q = orthonormal(basis_of("log", EPOCHS), mask)
    assert not residuals(0.1 + 0.3 * np.log(EPOCHS), q, mask).any()
    assert residuals(0.1 + 0.3 * np.log(EPOCHS) + 1e-6 * np.sin(EPOCHS), q, mask).any()


def test_a_point_outside_the_mask_may_hold_anything() -> None:
    mask = np.array([True, True, False, True, False])
    values = np.array([1.0, 3.0, np.nan, 2.0, np.inf])
    found = residuals(values, orthonormal(np.ones((5, 1)), mask), mask)
    np.testing.assert_allclose(found, np.array([-1.0, 1.0, 0.0, 0.0, 0.0]) / np.sqrt(2.0), atol=1e-15)


def test_an_unknown_basis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected one of .*'quadratic'"):
        basis_of("quadratic", EPOCHS)
