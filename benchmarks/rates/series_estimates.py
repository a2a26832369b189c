"""Estimates and intervals of the table of correlations, for many studies at once.

The table's own functions take any number of series; here each series is a study.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from plasticity.analysis.correlation import Points, coefficients
from plasticity.analysis.jackknife import averaged_interval, fisher_z, mean_interval, pooled_interval
from plasticity.report.published.measures import Value
from plasticity.report.summary.finding import correlation
from rates import CONFIDENCE


@dataclass(frozen=True)
class Estimates:
    """Estimates (B,) of as many studies, lower and upper ends (2, B), and the number of seeds of each."""

    estimate: np.ndarray
    ends: np.ndarray
    seeds: int

    def values(self) -> list[Value]:
        """Return them as the report reads them from rows of the table."""
        rows = zip(self.estimate.tolist(), *self.ends.tolist(), strict=True)
        names = ("estimate", "ci_low", "ci_high")
        given = {"n_seeds": self.seeds, "note": ""}
        return [correlation({**dict(zip(names, row, strict=True)), **given}) for row in rows]


def mean_of(points: Points) -> Estimates:
    """Return the means of the seeds' coefficients of points (B, S, P)."""
    found = coefficients(points).value
    return Estimates(found.mean(axis=1), mean_interval(found, CONFIDENCE), found.shape[1])


def averaged_of(points: Points) -> Estimates:
    """Return the coefficients of the means over the seeds."""
    seeds = points.mask.shape[1]
    found = coefficients(points.averaged(np.ones((1, seeds)))).value[:, 0]
    return Estimates(found, averaged_interval(points, CONFIDENCE), seeds)


def pooled_of(points: Points) -> Estimates:
    """Return the coefficients over the points of all seeds."""
    return Estimates(coefficients(points.pooled()).value, pooled_interval(points, CONFIDENCE), points.mask.shape[1])


AGGREGATES: Mapping[str, Callable[[Points], Estimates]] = {
    "mean": mean_of,
    "pooled": pooled_of,
    "averaged": averaged_of,
}


def limit(aggregate: str, points: Points) -> float:
    """Return what an aggregate estimates, from one study of very many seeds, or from many of a few for `averaged`.

    A mean over n seeds keeps a share of what they do not have in common, so that `averaged` is about n seeds.
    """
    if aggregate == "mean":
        return float(np.mean(coefficients(points).value))
    if aggregate == "pooled":
        return float(coefficients(points.pooled()).value[0])
    means = coefficients(points.averaged(np.ones((1, points.mask.shape[1])))).value
    return float(np.tanh(np.mean(fisher_z(means))))
