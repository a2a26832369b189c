"""The spectrum of a symmetric matrix, as its eigenvalues or as what random probes tell of them."""

from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan, sqrt

import torch
from torch import Tensor

from plasticity.metrics.declared.capacity import effective_rank

_GRID = 10_000
_KERNEL_VARIANCE = 1e-5
_BLOCK = 100  # points of a grid that are looked at together
_REACH = 37.6  # standard deviations, beyond which exp(-x²/2) is below the smallest normal number of float64


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error over probes: NaN of a single one, 0 of an exact number; both NaN if undefined."""

    value: float
    standard_error: float


@dataclass(frozen=True)
class Spectrum:
    """The distribution of a matrix's eigenvalues, a quadrature per probe.

    Attributes:
        nodes: Eigenvalues or Ritz values, float64 (probes, k); where a probe has fewer, zeros of weight zero.
        weights: Share of the eigenvalues that each stands for, float64 (probes, k), of sum 1 in every row.
        size: Rows of the matrix, n.
        exact: Whether the nodes are the eigenvalues themselves.
    """

    nodes: Tensor
    weights: Tensor
    size: int
    exact: bool = False

    @property
    def largest(self) -> float:
        """Largest eigenvalue, or the largest Ritz value, which is at most that."""
        return float(self.nodes[self.weights > 0].max())

    @property
    def smallest(self) -> float:
        """Smallest eigenvalue, or the smallest Ritz value, which is at least that."""
        return float(self.nodes[self.weights > 0].min())

    @property
    def trace(self) -> Estimate:
        """Sum of the eigenvalues (Hutchinson's estimate where the spectrum is of probes)."""
        return self._mean(self.nodes, self.size)

    def share(self, threshold: float) -> Estimate:
        """Return the share of the eigenvalues whose absolute value is above a threshold, without smoothing.

        The node nearest zero stands for most of the eigenvalues. If a probe has none below the threshold, more steps
        would find some there, and the share is undefined rather than one.

        Args:
            threshold: In the unit of the eigenvalues; multiply by `largest` for a relative one.
        """
        above = self.nodes.abs() > threshold
        if bool((above | (self.weights == 0)).all(1)[~self._exhausted].any()):
            return Estimate(float("nan"), float("nan"))
        return self._mean(above.double(), 1)

    def rank(self, threshold: float) -> Estimate:
        """Return the ε-rank: how many eigenvalues have an absolute value above a threshold; as `share`."""
        found = self.share(threshold)
        if self.exact:
            return Estimate(float(round(found.value * self.size)), 0.0)
        return Estimate(found.value * self.size, found.standard_error * self.size)

    def unresolved(self, threshold: float) -> float:
        """Return by how much `rank` may be off because the steps are few, at most, on average over the probes.

        It is NaN where the rank is undefined.

        A node stands for eigenvalues on both sides of it. Between two nodes, the true distribution of a probe is known
        up to the weights of these two (the inequalities of Chebyshev, Markov and Stieltjes; Szegő 1975, section 3.41).

        Args:
            threshold: As of `rank`.
        """
        if isnan(self.share(threshold).value):
            return nan
        outside = torch.zeros(len(self.nodes), dtype=torch.float64)
        within = torch.zeros_like(self.weights)
        for nodes in (self.nodes, -self.nodes):
            beyond = (nodes > threshold) & (self.weights > 0)
            nearest = nodes.where(beyond, nodes.new_tensor(torch.inf)).argmin(1, keepdim=True)
            outside += self.weights.where(beyond, torch.zeros_like(self.weights)).gather(1, nearest)[:, 0]
            inside = (nodes <= threshold) & (self.weights > 0)
            nearest = nodes.where(inside, nodes.new_tensor(-torch.inf)).argmax(1, keepdim=True)
            within.scatter_(1, nearest, self.weights.where(inside, torch.zeros_like(self.weights)).gather(1, nearest))
        worst = torch.maximum(outside, within.sum(1)).where(~self._exhausted, outside.new_zeros(1))
        return float(worst.mean()) * self.size

    def density(self, grid: Tensor, width: float) -> Tensor:
        """Return the density on a grid (g,), each node a normal distribution of this standard deviation."""
        nodes, weights = self.nodes.flatten(), self.weights.flatten() / len(self.nodes)
        found = []
        for block in grid.double().split(_BLOCK):  # most nodes lie near zero, and most blocks far from it
            reached = (nodes > block.min() - _REACH * width) & (nodes < block.max() + _REACH * width)
            distance = (block[:, None] - nodes[reached]) / width
            found.append(torch.exp(-(distance**2) / 2) @ weights[reached])
        return torch.cat(found) / (width * sqrt(2 * torch.pi))

    def smoothed_share(self, threshold: float) -> float:
        """Return the ε-rank, as a share, the way the code released with He et al. computes it.

        It integrates the smoothed density over a grid of 10,000 points outside of ±threshold. The kernel's variance is
        1e-5 of the spectrum's range, so that zero eigenvalues count as soon as that is wide: the number follows the
        range rather than the rank. With a wide range, the kernel is narrower than a step of the grid, and the exact
        integral would be another number. `share` is the estimate without this bias.
        """
        grid, density = self._smoothed
        return float(density[grid.abs() > threshold].sum() / density.sum())

    @cached_property
    def _smoothed(self) -> tuple[Tensor, Tensor]:
        """The grid of `smoothed_share` and the density on it, which all thresholds share."""
        width = sqrt(_KERNEL_VARIANCE * max(1.0, self.largest - self.smallest))
        grid = torch.linspace(self.smallest - 3 * width, self.largest + 3 * width, _GRID, dtype=torch.float64)
        return grid, self.density(grid, width)

    @property
    def _exhausted(self) -> Tensor:
        """Which probes have seen all of the space that can be reached from them, (probes,): the rest has no weight."""
        complete = self.exact or self.nodes.shape[1] >= self.size
        return (self.weights == 0).any(1) | complete

    def _mean(self, values: Tensor, factor: float) -> Estimate:
        each = (self.weights * values).sum(1) * factor
        if self.exact:
            return Estimate(float(each.mean()), 0.0)
        error = float(each.std() / sqrt(len(each))) if len(each) > 1 else float("nan")
        return Estimate(float(each.mean()), error)


def exact_spectrum(eigenvalues: Tensor, size: int) -> Spectrum:
    """Return the spectrum of a matrix of `size` rows whose other eigenvalues are zero.

    Args:
        eigenvalues: (k,), k at most size.
        size: Rows of the matrix.
    """
    nodes, weights = eigenvalues.double(), torch.full((len(eigenvalues),), 1 / size, dtype=torch.float64)
    if len(eigenvalues) < size:
        nodes = torch.cat([nodes, nodes.new_zeros(1)])
        weights = torch.cat([weights, weights.new_tensor([1 - len(eigenvalues) / size])])
    return Spectrum(nodes[None], weights[None], size, exact=True)


def entropy_rank(eigenvalues: Tensor) -> float:
    """Return the effective rank of a positive semi-definite matrix, exp of its eigenvalues' entropy.

    Roy & Vetterli (2007), whose singular values are here the eigenvalues.

    Args:
        eigenvalues: (k,); what rounding left below zero counts as zero. Without any above zero the rank is 0.
    """
    positive = eigenvalues.double().clamp(min=0)
    return effective_rank(positive) if positive.sum() > 0 else 0.0
