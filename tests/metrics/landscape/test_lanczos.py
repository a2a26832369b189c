"""Lanczos and stochastic quadrature against eigenvalues, and ε-ranks against counting."""

from math import isnan

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.errors import PlasticityError
from plasticity.metrics.landscape.lanczos import (
    Product,
    largest_eigenvalue,
    quadrature,
    stochastic_spectrum,
    tridiagonal,
)
from plasticity.metrics.landscape.spectrum import Spectrum, entropy_rank, exact_spectrum


def product_of(matrix: torch.Tensor) -> Product:
    return Product(lambda vector: vector @ matrix, len(matrix), matrix[0])  # symmetric; also of stacked vectors


def matrix_with(eigenvalues: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    size = len(eigenvalues)
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    return basis @ torch.diag(eigenvalues) @ basis.T


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 30))
def test_all_steps_give_the_eigenvalues(seed: int, size: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(size, size, generator=generator, dtype=torch.float64)
    matrix = matrix + matrix.T
    nodes, weights = quadrature(*tridiagonal(product_of(matrix), torch.randn(size, dtype=torch.float64), size))
    exact = torch.linalg.eigvalsh(matrix)
    assert len(nodes) == size
    torch.testing.assert_close(nodes, exact, rtol=1e-9, atol=1e-9 * float(exact.abs().max()))
    assert float(weights.sum()) == pytest.approx(1.0)


def test_an_exhausted_space_ends_early_and_repeats_nothing() -> None:
    matrix = matrix_with(torch.tensor([3.0, 3.0, 3.0, 1.0, 0.0, 0.0], dtype=torch.float64), 0)
    nodes, _ = quadrature(*tridiagonal(product_of(matrix), torch.ones(6, dtype=torch.float64), 6))
    torch.testing.assert_close(nodes, torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64), atol=1e-9, rtol=0)


def test_orthogonality_holds_for_a_wide_spectrum() -> None:
    eigenvalues = torch.cat([torch.zeros(180), torch.logspace(-6, 3, 20)]).double()
    spectrum = stochastic_spectrum(
        product_of(matrix_with(eigenvalues, 1)), probes=1, steps=60, generator=torch.Generator().manual_seed(0)
    )
    nodes = spectrum.nodes[spectrum.weights > 1e-12]
    assert int((nodes > 100).sum()) == int((eigenvalues > 100).sum())  # no eigenvalue comes up twice


def test_estimates_are_within_their_standard_errors() -> None:
    eigenvalues = torch.cat([torch.zeros(30), torch.linspace(0.5, 4, 20)]).double()
    product = product_of(matrix_with(eigenvalues, 2))
    misses = {"rank": 0, "trace": 0}
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        found = stochastic_spectrum(product, probes=10, steps=25, generator=generator)
        for name, estimate, exact in (("rank", found.rank(0.1), 20), ("trace", found.trace, float(eigenvalues.sum()))):
            misses[name] += abs(estimate.value - exact) > 3 * estimate.standard_error
    assert max(misses.values()) <= 2  # t of nine degrees of freedom is beyond 3 in 1.5 % of draws


def test_a_rank_that_too_few_steps_cannot_see_is_undefined() -> None:
    eigenvalues = torch.cat([torch.full((60,), 1e-4), torch.linspace(0.5, 4, 40)]).double()
    product = product_of(matrix_with(eigenvalues, 4))
    few, enough = (
        stochastic_spectrum(product, probes=4, steps=steps, generator=torch.Generator().manual_seed(1))
        for steps in (3, 60)
    )
    assert few.nodes.abs().min() > 0.01
    assert isnan(few.rank(0.01).value)
    assert isnan(few.share(0.01).standard_error)
    assert abs(enough.rank(0.01).value - 40) <= 3 * enough.rank(0.01).standard_error


def test_a_matrix_of_full_rank_has_it_once_its_space_is_exhausted() -> None:
    few_values = torch.cat([torch.full((30,), 2.0), torch.full((20,), 3.0)]).double()
    for eigenvalues, steps in ((few_values, 10), (torch.linspace(1, 4, 20).double(), 20)):
        product = product_of(matrix_with(eigenvalues, 5))
        found = stochastic_spectrum(product, probes=2, steps=steps, generator=torch.Generator().manual_seed(2))
        assert found.rank(0.5).value == pytest.approx(len(eigenvalues))


def test_the_run_of_a_generator_is_repeated() -> None:
    product = product_of(matrix_with(torch.linspace(-1, 1, 20).double(), 3))
    first, second = (
        stochastic_spectrum(product, probes=2, steps=5, generator=torch.Generator().manual_seed(7)) for _ in range(2)
    )
    assert torch.equal(first.nodes, second.nodes)
    assert largest_eigenvalue(product, steps=20, generator=torch.Generator().manual_seed(7)) == pytest.approx(1.0)


def test_exact_spectra_count_what_is_left_out_as_zero() -> None:
    spectrum = exact_spectrum(torch.tensor([0.5, 2.0]), 10)
    assert spectrum.rank(0.1).value == pytest.approx(2)
    assert spectrum.rank(-1).value == pytest.approx(10)
    assert (spectrum.trace.value, spectrum.trace.standard_error) == (pytest.approx(2.5), 0.0)
    assert (spectrum.smallest, spectrum.largest) == (0.0, 2.0)


def test_one_probe_has_no_standard_error() -> None:
    nodes = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    assert isnan(Spectrum(nodes, torch.full_like(nodes, 0.5), 4).trace.standard_error)


def test_density_integrates_to_one_and_smoothing_counts_zeros() -> None:
    spectrum = exact_spectrum(torch.tensor([1000.0]), 1000)
    grid = torch.linspace(-5, 1005, 20001, dtype=torch.float64)
    assert float(torch.trapezoid(spectrum.density(grid, 0.5), grid)) == pytest.approx(1.0, abs=1e-6)
    assert spectrum.share(0.001).value == pytest.approx(0.001)
    assert spectrum.smoothed_share(0.001) > 0.5  # what the released code reports of a matrix of rank one


@pytest.mark.parametrize("scale", [0.01, 3.0, 5000.0])
def test_smoothed_share_is_that_of_the_whole_grid(scale: float) -> None:
    nodes = scale * torch.randn(2, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64) ** 5
    spectrum = Spectrum(nodes, torch.full_like(nodes, 1 / 40), 40)
    span = nodes.max() - nodes.min()
    width = (1e-5 * span.clamp(min=1)).sqrt()
    grid = torch.linspace(nodes.min() - 3 * width, nodes.max() + 3 * width, 10_000, dtype=torch.float64)
    density = torch.exp(-(((grid[:, None] - nodes.flatten()) / width) ** 2) / 2).sum(1)
    for threshold in (1e-3, 0.1, 0.1 * float(nodes.max())):
        exact = float(density[grid.abs() > threshold].sum() / density.sum())
        assert spectrum.smoothed_share(threshold) == pytest.approx(exact, rel=1e-12)


def test_effective_rank_is_between_one_and_the_size() -> None:
    assert entropy_rank(torch.ones(7)) == pytest.approx(7)
    assert entropy_rank(torch.tensor([4.0, 0.0, -1e-9])) == pytest.approx(1)
    assert entropy_rank(torch.zeros(3)) == 0.0


def test_products_that_are_not_finite_are_refused() -> None:
    with pytest.raises(PlasticityError, match="finite"):
        tridiagonal(product_of(torch.full((3, 3), float("nan"), dtype=torch.float64)), torch.ones(3).double(), 3)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(1, 12), st.sampled_from([0.0, 0.01, 0.3, 1.0, 2.5]))
def test_what_the_steps_do_not_resolve_is_bounded(seed: int, steps: int, threshold: float) -> None:
    """Against the true distribution of a probe: an eigenvalue weighs the squared part of the vector along it."""
    random = torch.Generator().manual_seed(seed)
    eigenvalues = torch.randn(40, generator=random, dtype=torch.float64) ** 3
    eigenvalues[: seed % 30] *= 1e-3
    start = torch.randn(40, generator=random, dtype=torch.float64)
    nodes, weights = quadrature(*tridiagonal(product_of(torch.diag(eigenvalues)), start, steps))
    share = start**2 / (start**2).sum()
    found = Spectrum(nodes[None], weights[None], 40)
    if isnan(found.share(threshold).value):
        assert isnan(found.unresolved(threshold))
        return
    counted = float((weights * (nodes.abs() > threshold)).sum())
    true = float(share[eigenvalues.abs() > threshold].sum())
    assert abs(counted - true) * 40 <= found.unresolved(threshold) + 1e-6


def test_what_is_known_exactly_has_nothing_unresolved() -> None:
    assert exact_spectrum(torch.tensor([3.0, 0.5]), 10).unresolved(1.0) == 0
    few = stochastic_spectrum(
        product_of(torch.diag(torch.tensor([2.0, 2.0, 0.1, 0.1]))), probes=2, steps=4, generator=torch.Generator()
    )
    assert few.unresolved(1.0) == 0


def test_the_worst_side_counts_a_node_once() -> None:
    """One node between the thresholds: all that it stands for may lie beyond them, but only once."""
    found = Spectrum(torch.tensor([[-2.0, 0.1, 3.0]]).double(), torch.tensor([[0.1, 0.7, 0.2]]).double(), 100)
    assert found.unresolved(1.0) == pytest.approx(70)
    assert isnan(found.unresolved(0.01))
