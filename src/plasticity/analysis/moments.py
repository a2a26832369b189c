"""Sums of products per seed, from which a fit is computed for any number of subsets of the seeds at once.

A fit holds the group of a point fixed (its training length, say, or its seed and its length), and then covariates,
linearly. What it leaves of the other variables are their residual products: correlations, slopes and mediated effects
are functions of these alone (Frisch & Waugh 1933). A subset takes a seed with all its points or not at all,
so that seeds are never split.

Shapes: N points, S seeds, G groups, R subsets, v variables, the covariates first.
"""

from dataclasses import dataclass, replace

import numpy as np

_CONSTANT = 1e-10  # a variable that varies this little beside its size is constant
_SINGULAR = 1e-12  # squared length, beside that before the fit, below which a residual is round-off
_CHUNK = 2_000_000  # numbers that one step of a fit holds


@dataclass(frozen=True)
class Moments:
    """Counts (S, G), sums (S, G, v) and sums of products (S, G, v, v) of the centred variables.

    Attributes:
        counts: Points of each seed in each group.
        sums: Sums of the variables.
        products: Sums of their products.
        centre: What was subtracted from each variable, shape (v,).
        covariates: How many of the variables are held fixed; they stand first.
        nested: No group holds points of two seeds.
    """

    counts: np.ndarray
    sums: np.ndarray
    products: np.ndarray
    centre: np.ndarray
    covariates: int
    nested: bool

    def residual(self, draws: np.ndarray) -> np.ndarray:
        """Return the residual products of the variables behind the covariates, shape (R, w, w) with w = v − covariates.

        A variable of which the fit leaves nothing but round-off has NaN as its square.

        Args:
            draws: How often each subset takes each seed, shape (R, S).
        """
        inside, before = self._inside(draws), draws @ self._flat(self.products.sum(axis=1))
        before = np.einsum("rvv->rv", before.reshape(inside.shape))
        for j in range(self.covariates):
            pivot = inside[:, j, j]
            independent = pivot > _SINGULAR * before[:, j]
            row = np.divide(inside[:, j], pivot[:, None], out=np.zeros_like(inside[:, j]), where=independent[:, None])
            inside = inside - inside[:, :, j, None] * row[:, None, :]
        rest, before = inside[:, self.covariates :, self.covariates :], before[:, self.covariates :]
        squares = np.einsum("rvv->rv", rest)
        constant = ~(squares > _SINGULAR * before)
        return np.where(constant[:, :, None] & np.eye(rest.shape[1], dtype=bool), np.nan, rest)

    def mean(self, draws: np.ndarray) -> np.ndarray:
        """Return the mean of each variable over the points of each subset, shape (R, v)."""
        number = draws @ self.counts.sum(axis=1)
        sums = draws @ self.sums.sum(axis=1)
        return self.centre + np.divide(sums, number[:, None], out=np.full_like(sums, np.nan), where=number[:, None] > 0)

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.counts)

    @property
    def points(self) -> int:
        """Number of points."""
        return int(self.counts.sum())

    @property
    def spare(self) -> int:
        """Points beyond the terms of the fit: groups and covariates."""
        return int(self.spare_of(np.ones((1, self.seeds)))[0])

    def spare_of(self, draws: np.ndarray) -> np.ndarray:
        """Return the same for the seeds that each subset draws, shape (R,); a point taken twice is one point."""
        taken = (draws > 0).astype(np.float64)
        return taken @ self.counts.sum(axis=1) - (taken @ self.counts > 0).sum(axis=1) - self.covariates

    def informative(self) -> "Moments":
        """Return the moments of the seeds that the fit leaves something of: not all their points are alone in a group.

        The others add nothing to what is estimated, and are no observations of it either.
        """
        shared = self.counts.sum(axis=0) > 1
        seeds = (self.counts[:, shared] > 0).any(axis=1)
        return replace(self, counts=self.counts[seeds], sums=self.sums[seeds], products=self.products[seeds])

    def _inside(self, draws: np.ndarray) -> np.ndarray:
        """Return the products of deviations from the mean of the group, (R, v, v)."""
        v = self.sums.shape[-1]
        if self.nested:
            return (draws @ self._flat(_deviations(self.counts, self.sums, self.products))).reshape(-1, v, v)
        size = max(1, _CHUNK // (self.counts.shape[1] * v * v))
        parts = []
        for start in range(0, len(draws), size):
            some = draws[start : start + size]
            counts, sums, products = (
                np.tensordot(some, array, axes=1) for array in (self.counts, self.sums, self.products)
            )
            parts.append(_deviations(counts, sums, products))
        return np.concatenate(parts)

    @staticmethod
    def _flat(array: np.ndarray) -> np.ndarray:
        return array.reshape(len(array), -1)


def moments_of(
    variables: np.ndarray, *, seeds: np.ndarray, groups: np.ndarray | None = None, covariates: int = 0
) -> Moments:
    """Return the moments of points.

    Args:
        variables: Finite values of shape (N, v), those to be held fixed first.
        seeds: The seed of each point, shape (N,).
        groups: What else is held fixed, shape (N,) or, for the combination of several, (N, k); None for the mean alone.
        covariates: How many variables are held fixed.
    """
    labels = np.zeros(len(variables), dtype=int) if groups is None or not len(groups) else _codes(groups)
    found, of_seed = np.unique(seeds, return_inverse=True)
    number = int(labels.max(initial=0)) + 1
    centre = variables.mean(axis=0) if len(variables) else np.zeros(variables.shape[1])
    centred = variables - centre
    flat = np.ptp(variables, axis=0) <= _CONSTANT * np.abs(variables).max(axis=0) if len(variables) else centre == 0
    centred[:, flat] = 0.0
    counts = np.zeros((found.size, number))
    np.add.at(counts, (of_seed, labels), 1.0)
    v = variables.shape[1]
    sums, products = np.zeros((found.size, number, v)), np.zeros((found.size, number, v, v))
    np.add.at(sums, (of_seed, labels), centred)
    np.add.at(products, (of_seed, labels), centred[:, :, None] * centred[:, None, :])
    return Moments(counts, sums, products, centre, covariates, bool(((counts > 0).sum(axis=0) <= 1).all()))


def _codes(groups: np.ndarray) -> np.ndarray:
    """Number the different rows of (N,) or (N, k) from 0, in lexicographic order."""
    labels = np.zeros(len(groups), dtype=int)
    for column in groups.reshape(len(groups), -1).T:
        own = np.unique(column, return_inverse=True)[1]
        labels = np.unique(labels * (own.max() + 1) + own, return_inverse=True)[1]
    return labels


def _deviations(counts: np.ndarray, sums: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return Σ over groups of products less those of the groups' means; the group is the axis behind the first."""
    shared = np.divide(1.0, counts, out=np.zeros_like(counts), where=counts > 0)
    return (products - shared[..., None, None] * sums[..., :, None] * sums[..., None, :]).sum(axis=1)
