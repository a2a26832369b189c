"""Lanczos' method and stochastic Lanczos quadrature (Golub & Meurant 2010; Ghorbani et al. 2019)."""

from collections.abc import Callable

import torch
from torch import Tensor

from plasticity.metrics.finite import checked
from plasticity.metrics.landscape.spectrum import Spectrum

_BREAKDOWN = 1e-10  # of the largest coefficient: what rounding leaves of a vector inside the space already seen


class Product:
    """A symmetric matrix that is known by its products with vectors.

    Attributes:
        size: Rows of the matrix, n.
        like: A vector of the type and device that the products take.
    """

    def __init__(self, multiply: Callable[[Tensor], Tensor], size: int, like: Tensor) -> None:
        self.size, self.like = size, like
        self._multiply = multiply

    def __call__(self, vector: Tensor) -> Tensor:
        """Return the matrix times a vector (n,), or times each of k stacked vectors (k, n)."""
        return self._multiply(vector)


def tridiagonal(product: Product, start: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Return diagonal (k,) and off-diagonal (k - 1,) of the matrix on the Krylov space of a vector, float64.

    Every new vector is made orthogonal to all earlier ones twice, without which eigenvalues come up several times. k is
    `steps`, or less where the space is exhausted before.

    Args:
        product: The matrix.
        start: Vector (n,), of any length above zero.
        steps: Most products.

    Raises:
        NotFinite: If a product is not finite.
    """
    steps = min(steps, product.size)
    basis = start.new_empty(steps, product.size)
    vector, diagonal, off = start / start.norm(), [], []
    for step in range(steps):
        basis[step] = vector
        found = product(vector)
        checked(found, "products with the matrix")
        diagonal.append(float(found @ vector))
        seen = basis[: step + 1]
        for _ in range(2):
            found = found - seen.T @ (seen @ found)
        length = float(found.norm())
        if step + 1 == steps or length <= _BREAKDOWN * max(map(abs, [*diagonal, *off])):
            break
        off.append(length)
        vector = found / length
    return torch.tensor(diagonal, dtype=torch.float64), torch.tensor(off, dtype=torch.float64)


def quadrature(diagonal: Tensor, off: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nodes (k,) and weights (k,) of Gauss' quadrature that a tridiagonal matrix gives."""
    matrix = torch.diag(diagonal) + torch.diag(off, 1) + torch.diag(off, -1)
    nodes, vectors = torch.linalg.eigh(matrix)
    return nodes, vectors[0] ** 2


def stochastic_spectrum(product: Product, *, probes: int, steps: int, generator: torch.Generator) -> Spectrum:
    """Estimate the spectrum from Gaussian vectors, a Lanczos run each.

    Shares, moments and the trace are unbiased up to what `steps` resolve; their standard errors are over probes.

    Args:
        product: The matrix.
        probes: Random vectors; two or more give standard errors.
        steps: Products per vector.
        generator: Source of the vectors, on the CPU.
    """
    nodes = torch.zeros(probes, min(steps, product.size), dtype=torch.float64)
    weights = torch.zeros_like(nodes)
    for probe in range(probes):
        start = torch.randn(product.size, generator=generator, dtype=torch.float64).to(product.like)
        found, share = quadrature(*tridiagonal(product, start, steps))
        nodes[probe, : len(found)], weights[probe, : len(found)] = found, share
    return Spectrum(nodes, weights, product.size)


def largest_eigenvalue(product: Product, *, steps: int, generator: torch.Generator) -> float:
    """Return the largest Ritz value after some steps, a lower bound that is soon close to the largest eigenvalue."""
    start = torch.randn(product.size, generator=generator, dtype=torch.float64).to(product.like)
    return float(quadrature(*tridiagonal(product, start, steps))[0].max())
