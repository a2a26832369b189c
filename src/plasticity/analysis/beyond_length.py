"""What collapse says about the next task beyond how long the network has trained.

Training longer collapses features and costs plasticity, so that the two correlate whether or not one causes the other.
Ways to hold length fixed, from a form that one has to believe in to none at all:

- `total`: not at all;
- `partial_linear`, `partial_log`: its linear effect, or that of its logarithm, on both;
- `within_length`: networks of equal length alone, over arms and seeds;
- `across_arms`: networks of one seed and equal length, which differ in their arm;
- `across_seeds`: networks of one arm and equal length, which differ in their seed;
- `within_seed`, `within_seed_log`: networks of one seed, as they are, and given the logarithm of their length.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from plasticity.analysis.estimates import MEDIATOR, Estimand, Row, row_of
from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.moments import Moments, moments_of
from plasticity.analysis.published_effects import Effect, Key
from plasticity.analysis.transitions import EXPECTED, METRICS, Transitions, distinct


@dataclass(frozen=True)
class Form:
    """How length is held fixed: columns whose combination is, and the form of a covariate, "", "linear" or "log"."""

    groups: tuple[str, ...] = ()
    covariate: str = ""


FORMS: Mapping[str, Form] = {
    "total": Form(),
    "partial_linear": Form(covariate="linear"),
    "partial_log": Form(covariate="log"),
    "within_length": Form(("length",)),
    "across_arms": Form(("seed", "length")),
    "across_seeds": Form(("arm", "length")),
    "within_seed": Form(("seed",)),
    "within_seed_log": Form(("seed",), "log"),
}
WARM_START_FORMS = tuple(FORMS)[:6]
CONTROL_FORMS = ("within_seed", "within_seed_log")
PERMUTED_FORMS = (*tuple(FORMS)[:4], "within_seed_log")
TASK_FORMS = tuple(FORMS)[:4]
_ANSWER = "within_length"  # no form of length has to be believed in, and length is held fixed
_ANSWERS = ("all", "second_task")  # the whole warm-up; from the first task to the second


def beyond_length(
    transitions: Transitions, forms: tuple[str, ...], level: Level, published: Mapping[Key, Effect], *, arm: str = ""
) -> Iterator[Row]:
    """Yield the correlation of every metric with the accuracy of the next task, in every form; nothing without points.

    Args:
        transitions: The transitions of a window.
        forms: Keys of `FORMS`.
        level: Level of the intervals.
        published: Sizes to compare with, by ("correlation", form, window, metric).
        arm: The arm that the transitions are of; empty if they are of several.
    """
    rows = distinct(transitions)
    finite = {metric: np.isfinite(rows[metric].to_numpy(dtype=float)) for metric in METRICS}  # no ReLU, no dead units
    parts = {metric: rows if kept.all() else rows.loc[kept] for metric, kept in finite.items()}
    for form in forms if len(rows) else ():
        for metric in METRICS:
            known = parts[metric]
            moments = adjusted(known, metric, FORMS[form])
            key = ("correlation", form, transitions.window_kind, metric)
            estimand = Estimand(
                question="beyond_length",
                quantity="correlation",
                method=form,
                metric=metric,
                treatment=arm,
                primary=(metric, form) == (MEDIATOR, _ANSWER) and transitions.window_kind in _ANSWERS and not arm,
                expected=EXPECTED.get(metric, np.nan),
                published=published.get(key),
            )
            window = replace(transitions, excluded=transitions.excluded + len(rows) - len(known))
            yield row_of(estimand, correlation(moments, level), window, moments.points)


def adjusted(rows: pd.DataFrame, metric: str, form: Form) -> Moments:
    """Return the moments of a metric and the outcome, with length held fixed.

    Args:
        rows: Transitions.
        metric: Column that explains.
        form: How length is held fixed.
    """
    length = rows["length"].to_numpy(dtype=float)
    covariates = [{"linear": length, "log": np.log(length)}[form.covariate]] if form.covariate else []
    variables = np.column_stack([*covariates, rows[metric].to_numpy(float), rows["outcome"].to_numpy(float)])
    groups = None
    if form.groups:
        groups = np.column_stack([pd.factorize(rows[name])[0] for name in form.groups])
    return moments_of(variables, seeds=rows["seed"].to_numpy(), groups=groups, covariates=len(covariates))


def correlation(moments: Moments, level: Level) -> Inference:
    """Return the correlation of the two variables that the fit leaves, undefined without two points to spare."""
    if moments.spare < 2:
        return Inference(np.nan, n_seeds=moments.seeds, note=f"{moments.points} points leave {max(moments.spare, 0)}")
    informative = moments.informative()
    return infer(lambda draws: coefficient(informative, draws), informative.seeds, level, correlation=True)


def coefficient(moments: Moments, draws: np.ndarray) -> np.ndarray:
    """Return the correlation in each subset (R, S), shape (R,); NaN with one point to spare, which makes it ±1."""
    rest = moments.residual(draws)
    xx, xy, yy = rest[:, 0, 0], rest[:, 0, 1], rest[:, 1, 1]
    return np.where(moments.spare_of(draws) >= 2, np.clip(xy / np.sqrt(xx * yy), -1.0, 1.0), np.nan)
