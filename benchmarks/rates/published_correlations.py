"""Verdicts on published correlations: numbers in every form that a study's claims have, and shapes.

Truths are those of `published_numbers`, in Fisher's z of what the number estimates.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from simulated import EFFECTS
from simulated.series import CHECKPOINTS, TASKS, checkpoints, tasks

from plasticity.analysis.correlation import coefficients, points_of
from plasticity.analysis.jackknife import fisher_z
from plasticity.report.published.claims import Claim
from plasticity.report.published.measures import Value, over_seeds
from plasticity.report.published.published_verdict import verdict
from rates import CONFIDENCE
from rates.intervals import run_points, threshold_runs
from rates.published_numbers import APART, claim_of, count
from rates.series_estimates import Estimates, averaged_of, pooled_of
from rates.tally import Tally

_MARGIN = 0.3
_THEIR_SEEDS, _THEIR_SEEDS_AVERAGED = 5, 6
_PRECISION = 0.005
_MANY = 4000
_MEAN = claim_of({"of": "correlation"}, "correlation", _MARGIN)
_AVERAGED = claim_of({"of": "correlation", "aggregate": "averaged"}, "correlation", _MARGIN)


def of_means(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count verdicts on means of the seeds' correlations over checkpoints: shapes of none, numbers of strong ones."""
    for effect in EFFECTS:
        shapes = ((studies, seeds), (studies, _THEIR_SEEDS), (1, _MANY))
        ours, theirs, many = (_per_seed(random, shape, effect=effect) for shape in shapes)
        for apart, name in APART.items():
            moved = np.tanh(fisher_z(ours) + _shift(fisher_z(many[0]), -apart if effect else apart))
            for mine, other in zip(moved, theirs, strict=True):
                value = over_seeds(mine, CONFIDENCE, correlation=True)
                for form, claim in _numbers(other) if effect else _shapes():
                    said = verdict(claim, value, CONFIDENCE)[0]
                    count(tally, f"published mean r: {form}", name, said, claim.shape)


def _per_seed(random: np.random.Generator, shape: tuple[int, int], *, effect: bool) -> np.ndarray:
    return coefficients(points_of("pearson", CHECKPOINTS, *checkpoints(random, shape, effect=effect))).value


def _shift(z: np.ndarray, margins: int) -> float:
    """Return by how much each seed's z has to move for z of their mean r to move by so many margins."""
    target = np.arctanh(np.tanh(z).mean()) + margins * _MARGIN
    if not margins:
        return 0.0
    return float(cast("float", brentq(lambda shift: np.arctanh(np.tanh(z + shift).mean()) - target, -5, 5)))


def _numbers(seeds: np.ndarray) -> Iterator[tuple[str, Claim]]:
    """Yield what can be published of the correlations of a few seeds."""
    claim, mean = replace(_MEAN, precision=_PRECISION), float(seeds.mean())
    yield "SD of 5 seeds", replace(claim, value=mean, sd=float(seeds.std(ddof=1)), n=seeds.size)
    yield (
        "range of 5 seeds",
        replace(claim, range=(float(seeds.min()), float(seeds.max())), n=seeds.size, precision=0.0),
    )
    yield "4 seeds, no SD", replace(claim, value=float(seeds[:4].mean()), n=4)
    yield "1 seed, no SD", replace(claim, value=float(seeds[0]), n=1)


def _shapes() -> Iterator[tuple[str, Claim]]:
    for shape in ("zero", "positive"):
        yield f"shape {shape}", replace(_MEAN, shape=shape)


def of_averaged(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count verdicts on the correlation of the means over the seeds, published of six."""
    found = [
        averaged_of(points_of("pearson", TASKS.astype(float), *tasks(random, (studies, n), effect=True)))
        for n in (seeds, _THEIR_SEEDS_AVERAGED)
    ]
    claims = [
        replace(_AVERAGED, value=float(r), n=_THEIR_SEEDS_AVERAGED, precision=_PRECISION) for r in found[1].estimate
    ]
    _count_moved(tally, "published r of means over 6 seeds, no interval", found[0], claims)


def of_runs(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count verdicts on correlations across runs, published with Fisher's interval of the networks of five seeds."""
    ours, theirs = (threshold_runs(random, studies, n, effect=True) for n in (seeds, _THEIR_SEEDS))
    for (method, what, aggregate, points), other in zip(run_points(ours), run_points(theirs), strict=True):
        if aggregate == "pooled":
            claims = _released(coefficients(other[3].pooled()).value, other[3].mask.sum(axis=(1, 2)), method)
            _count_moved(tally, f"published r across runs: {method}, {what}", pooled_of(points), claims)


def _released(found: np.ndarray, networks: np.ndarray, method: str) -> list[Claim]:
    """Return claims with the interval of Fisher's z of so many networks, less one that is held fixed."""
    error = 1 / np.sqrt(networks - 3 - method.startswith("partial"))
    half = ndtri(0.5 + CONFIDENCE / 2) * error
    ends = np.tanh(fisher_z(found)[:, None] + np.outer(half, [-1, 1]))
    return [
        replace(_MEAN, value=float(r), interval=(low, high), n=_THEIR_SEEDS, precision=_PRECISION)
        for r, (low, high) in zip(found, ends.tolist(), strict=True)
    ]


def _count_moved(tally: Tally, kind: str, ours: Estimates, claims: list[Claim]) -> None:
    """Count verdicts on coefficients that are moved towards zero by margins of Fisher's z, with their intervals."""
    for apart, name in APART.items():
        by = -np.sign(ours.estimate) * apart * _MARGIN
        moved = [np.tanh(fisher_z(ends) + by) for ends in (ours.estimate, *ours.ends)]
        for place, claim in enumerate(claims):
            numbers = (float(each[place]) for each in moved)
            value = Value(
                **dict(zip(("estimate", "low", "high"), numbers, strict=True)), n_seeds=ours.seeds, correlation=True
            )
            count(tally, kind, name, verdict(claim, value, CONFIDENCE)[0])
