"""Accuracy on ln NC1 and training length, with the seed as a random effect: a mixed-effects regression.

    accuracy = β₀ + β₁ · ln NC1 + β₂ · length (+ a level per arm) + u(seed) + error,   u ~ N(0, τ²), error ~ N(0, σ²)

by restricted maximum likelihood (Laird & Ware 1982). β₁ is accuracy per unit of ln NC1 at a given length. Its own
standard error takes points of a seed as independent given u, which checkpoints of one trajectory are not; the intervals
are therefore those of every other estimate, by leaving out seeds.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from plasticity.analysis.estimates import MEDIATOR, Estimand, Row, row_of
from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.transitions import EXPECTED, Transitions, distinct

FORMS = {"mixed_linear": ("linear", False), "mixed_log": ("log", False), "mixed_log_arms": ("log", True)}
SEQUENCE_FORMS = tuple(FORMS)[:2]  # there, a level per arm would take all that there is to explain
_RATIOS = np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 73)])  # six per decade: the likelihood can have two maxima


def mixed_effects(transitions: Transitions, forms: tuple[str, ...], level: Level) -> Iterator[Row]:
    """Yield β₁ for each form of length; `mixed_log_arms` has a level per arm."""
    rows = distinct(transitions)
    for form in forms if len(rows) else ():
        estimand = Estimand(
            question="beyond_length",
            quantity="regression_slope",
            method=form,
            metric=MEDIATOR,
            unit="fraction per ln NC1",
            expected=EXPECTED[MEDIATOR],
        )
        yield row_of(estimand, _slope(rows, form, level), transitions, len(rows))


def fitted(rows: pd.DataFrame, form: str) -> float:
    """Return β₁; NaN where it is not determined.

    Args:
        rows: Transitions of at least two seeds.
        form: A key of `FORMS`.
    """
    design, outcome = _design(rows, form), rows["outcome"].to_numpy(dtype=float)
    largest = np.abs(design).max(axis=0, initial=0.0)
    scaled = design / np.maximum(largest, 1e-300)
    if (
        len(set(rows["seed"])) < 2
        or len(rows) < design.shape[1] + 2
        or np.ptp(outcome) == 0
        or np.linalg.matrix_rank(scaled) < design.shape[1]
    ):
        return np.nan
    basis, triangle = np.linalg.qr(scaled)
    slopes = _restricted_fit(basis, outcome - outcome.mean(), pd.factorize(rows["seed"])[0])
    return float(np.linalg.solve(triangle, slopes)[1] / largest[1])


def _design(rows: pd.DataFrame, form: str) -> np.ndarray:
    """Return the columns of the regression, ln NC1 second, shape (points, columns)."""
    covariate, arms = FORMS[form]
    length = rows["length"].to_numpy(dtype=float)
    columns = [np.ones(len(rows)), rows[MEDIATOR].to_numpy(float), np.log(length) if covariate == "log" else length]
    if arms:
        codes = pd.factorize(rows["arm"])[0]
        columns += [(codes == code).astype(float) for code in range(1, codes.max(initial=0) + 1)]
    return np.column_stack(columns)


def _restricted_fit(basis: np.ndarray, outcome: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Return the slopes at the ratio τ²/σ² of the greatest restricted likelihood, shape (columns,).

    Given the ratio, slopes and σ² have closed forms, so only the ratio is searched for, from zero on: it is often the
    best, and methods that follow the gradient of all parameters stop beside it.

    Args:
        basis: Orthonormal columns, shape (points, columns).
        outcome: Shape (points,).
        seeds: Codes from 0, shape (points,).
    """
    points, columns = basis.shape
    variables = np.column_stack([basis, outcome])
    sizes = np.bincount(seeds)
    sums = np.stack([np.bincount(seeds, weights=variable) for variable in variables.T], axis=1)
    whole, between = variables.T @ variables, sums[:, :, None] * sums[:, None, :]

    def products(ratios: np.ndarray) -> np.ndarray:
        shrunk = ratios[:, None] / (1 + sizes * ratios[:, None])  # seed by seed, the inverse of 1 + ratio · ones
        return whole - np.tensordot(shrunk, between, axes=1)

    least = np.log(outcome @ outcome) + 2 * np.log(np.finfo(float).eps)  # of residuals: of a perfect fit, rounding

    def losses(ratios: np.ndarray) -> np.ndarray:
        inner = products(ratios)
        of_columns = np.linalg.slogdet(inner[:, :columns, :columns])[1]
        sign, whole_size = np.linalg.slogdet(inner)
        rest = np.maximum(np.where(sign > 0, whole_size, -np.inf) - of_columns, least)  # weighted residuals, squared
        return (points - columns) * rest + of_columns + np.log1p(sizes * ratios[:, None]).sum(axis=1)

    best = int(np.argmin(losses(_RATIOS)))
    found = _RATIOS[best : best + 1]
    if best:
        near = np.log(_RATIOS[[max(best - 1, 1), min(best + 1, _RATIOS.size - 1)]])
        search = minimize_scalar(lambda power: losses(np.exp([power]))[0], bounds=near, method="bounded")
        found = np.exp([search.x])
    inner = products(found)[0]
    return np.linalg.solve(inner[:columns, :columns], inner[:columns, columns])


def _slope(rows: pd.DataFrame, form: str, level: Level) -> Inference:
    seeds, of_seed = np.unique(rows["seed"].to_numpy(), return_inverse=True)

    def statistic(draws: np.ndarray) -> np.ndarray:
        return np.array([fitted(rows.loc[(row > 0)[of_seed]], form) for row in draws])

    if seeds.size < 2:
        return Inference(np.nan, n_seeds=int(seeds.size), note="a random effect of the seed needs two seeds")
    return infer(statistic, int(seeds.size), level)
