"""What an intervention does by its dose: to NC1 at the start of the next task, and to the accuracy on it.

The arms are the experiment that correlations are not. A dose series holds arms that differ in a single number, such as
the weight of the NC1 penalty, of either sign, or weight decay. Its slope is taken within a seed and, in warm starting,
within a training length, so that neither can explain it. A contrast is one arm minus the control, paired likewise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.estimates import MEDIATOR, OUTCOME, Estimand, Row, row_of
from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.moments import Moments, moments_of
from plasticity.analysis.published_effects import Effect, Key
from plasticity.analysis.transitions import Transitions, paired

_LOG_RATIO = 10.0  # between the largest and the smallest dose, from which a positive dose is taken as its logarithm
UNITS = {OUTCOME: "fraction", MEDIATOR: "ln NC1"}


@dataclass(frozen=True)
class Series:
    """Arms that differ in one number: its name and the dose of each arm, the control's among them if it is one."""

    name: str
    doses: Mapping[str, float]

    @property
    def logarithmic(self) -> bool:
        """Doses are positive and span at least a factor of ten, so that slopes are per unit of ln dose."""
        values = list(self.doses.values())
        return min(values) > 0 and max(values) >= _LOG_RATIO * min(values)

    def scaled(self, arms: Iterable[str]) -> np.ndarray:
        """Return the dose of each arm, on the scale that slopes are taken on."""
        values = np.array([self.doses[arm] for arm in arms], dtype=float)
        return np.log(values) if self.logarithmic else values


@dataclass(frozen=True)
class CausalDesign:
    """The arms as an experiment: the control, what it is compared with, dose series, and what a pair shares."""

    control: str
    treatments: tuple[str, ...]
    series: tuple[Series, ...]
    pairs: tuple[str, ...]

    @property
    def tells(self) -> bool:
        """Pairs share the length, so that an effect cannot be that of training longer."""
        return "length" in self.pairs

    def where(self, arm: str) -> dict[str, Any]:
        """Return the first series that an arm belongs to, and its dose there, as columns of the table."""
        found = next((each for each in self.series if arm in each.doses and self.control in each.doses), None)
        return {"series": found.name, "dose": found.doses[arm]} if found else {}


def dose_response(
    transitions: Transitions, design: CausalDesign, level: Level, published: Mapping[Key, Effect]
) -> Iterator[Row]:
    """Yield slopes of every series and contrasts of every treatment, for ln NC1 and for the accuracy of the next task.

    The account expects accuracy to move the way NC1 is seen to move. Where the dose is the length itself, so does its
    rival, and neither is expected more.
    """
    for series in design.series:
        yield from _slopes(transitions, design, series, level, published)
    pairs = treated(transitions, design, design.treatments)
    for arm in design.treatments:
        own = pairs.loc[pairs["arm"] == arm]
        yield from _contrasts(transitions, design, arm, own, level, published) if len(own) else ()


def treated(transitions: Transitions, design: CausalDesign, arms: Sequence[str]) -> pd.DataFrame:
    """Return arms paired with the control; an arm that equals it in every pair says nothing and has no rows."""
    pairs = paired(transitions, design.control, list(arms), design.pairs)
    moved = pairs["mediator_change"].ne(0) | pairs["outcome_change"].ne(0)
    return pairs.loc[pairs["arm"].isin(list(set(pairs.loc[moved, "arm"])))]


def slope(moments: Moments, level: Level) -> Inference:
    """Return the slope of the second variable that the fit leaves on the first."""
    if moments.spare < 2:
        return Inference(np.nan, n_seeds=moments.seeds, note=f"{moments.points} points leave {max(moments.spare, 0)}")
    informative = moments.informative()
    return infer(lambda draws: _b(informative.residual(draws)), informative.seeds, level)


def expectation(moved: Inference, confidence: float) -> float:
    """Return the sign that accuracy should have if NC1 drives it: that of NC1's own change, where that is seen."""
    seen = np.isfinite(moved.p_value) and moved.p_value < 1 - confidence
    return float(np.sign(moved.estimate)) if seen else np.nan


def _slopes(
    transitions: Transitions, design: CausalDesign, series: Series, level: Level, published: Mapping[Key, Effect]
) -> Iterator[Row]:
    rows = transitions.rows.loc[transitions.rows["arm"].isin(list(series.doses))]
    per = f"per ln {series.name}" if series.logarithmic else f"per {series.name}"
    groups = np.column_stack([pd.factorize(rows[name])[0] for name in design.pairs])
    doses = list(series.doses.values())
    extra = {"series": series.name, "dose_low": min(doses), "dose_high": max(doses)}
    expected = np.nan
    for outcome, column in ((MEDIATOR, MEDIATOR), (OUTCOME, "outcome")):
        variables = np.column_stack([series.scaled(rows["arm"]), rows[column].to_numpy(dtype=float)])
        moments = moments_of(variables, seeds=rows["seed"].to_numpy(), groups=groups)
        found = slope(moments, level)
        estimand = Estimand(
            question="dose_response",
            quantity="slope",
            method="within_pairs",
            metric=series.name,
            outcome=outcome,
            unit=f"{UNITS[outcome]} {per}",
            treatment=series.name,
            expected=expected,
            published=published.get(("slope", series.name, outcome)),
            extra=extra,
        )
        expected = expectation(found, level.confidence) if design.tells else np.nan
        yield row_of(estimand, found, transitions, moments.points)


def _contrasts(
    transitions: Transitions,
    design: CausalDesign,
    arm: str,
    pairs: pd.DataFrame,
    level: Level,
    published: Mapping[Key, Effect],
) -> Iterator[Row]:
    changes = pairs[["mediator_change", "outcome_change"]].to_numpy(dtype=float)
    moments = moments_of(changes, seeds=pairs["seed"].to_numpy())
    expected = np.nan
    for place, outcome in enumerate((MEDIATOR, OUTCOME)):
        found = infer(lambda draws, at=place: moments.mean(draws)[:, at], moments.seeds, level)
        estimand = Estimand(
            question="dose_response",
            quantity="contrast",
            method="paired",
            metric=arm,
            outcome=outcome,
            unit=UNITS[outcome],
            treatment=arm,
            expected=expected,
            published=published.get(("contrast", arm)) if outcome == OUTCOME else None,
            extra=design.where(arm),
        )
        expected = expectation(found, level.confidence) if design.tells else np.nan
        yield row_of(estimand, found, transitions, moments.points)


def _b(rest: np.ndarray) -> np.ndarray:
    return rest[:, 0, 1] / rest[:, 0, 0]
