"""Accuracy on ln NC1 and training length, with the seed as a random effect: a mixed-effects regression.

    accuracy = β₀ + β₁ · ln NC1 + β₂ · length (+ a level per arm) + u(seed) + error,   u ~ N(0, τ²), by REML

(Laird & Ware 1982; statsmodels' MixedLM.) β₁ is accuracy per unit of ln NC1 at a given length. Its own standard error
takes points of a seed as independent given u, which checkpoints of one trajectory are not; the intervals are therefore
those of every other estimate, by leaving out seeds.
"""

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

from plasticity.analysis.estimates import MEDIATOR, Estimand, Row, row_of
from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.transitions import EXPECTED, Transitions, distinct

FORMS = {"mixed_linear": ("linear", False), "mixed_log": ("log", False), "mixed_log_arms": ("log", True)}


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
    """Return β₁; NaN where the design is singular or the fit does not end.

    Args:
        rows: Transitions of at least two seeds.
        form: A key of `FORMS`.
    """
    covariate, arms = FORMS[form]
    length = rows["length"].to_numpy(dtype=float)
    columns = [np.ones(len(rows)), rows[MEDIATOR].to_numpy(float), np.log(length) if covariate == "log" else length]
    if arms:
        codes = pd.factorize(rows["arm"])[0]
        columns += [(codes == code).astype(float) for code in range(1, codes.max(initial=0) + 1)]
    design, outcome = np.column_stack(columns), rows["outcome"].to_numpy(dtype=float)
    spread = outcome.std() if len(outcome) else 0.0
    scaled = design / np.maximum(np.abs(design).max(axis=0, initial=0.0), 1e-300)
    if (
        len(set(rows["seed"])) < 2
        or len(rows) < design.shape[1] + 2
        or spread == 0
        or np.linalg.matrix_rank(scaled) < design.shape[1]
    ):
        return np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # τ² at its bound of zero is a fit, of a study whose seeds do not differ
        try:
            model = MixedLM((outcome - outcome.mean()) / spread, design, groups=rows["seed"].to_numpy())
            # One parameter is searched for, τ², whose best value is often zero: methods that follow the gradient stop
            # beside it, up to a sixth of β₁ away.
            fit = model.fit(reml=True, method="powell")
        except np.linalg.LinAlgError:
            return np.nan
    return float(fit.fe_params[1] * spread) if fit.converged else np.nan


def _slope(rows: pd.DataFrame, form: str, level: Level) -> Inference:
    seeds, of_seed = np.unique(rows["seed"].to_numpy(), return_inverse=True)

    def statistic(draws: np.ndarray) -> np.ndarray:
        return np.array([fitted(rows.loc[(row > 0)[of_seed]], form) for row in draws])

    if seeds.size < 2:
        return Inference(np.nan, n_seeds=int(seeds.size), note="a random effect of the seed needs two seeds")
    return infer(statistic, int(seeds.size), level)
