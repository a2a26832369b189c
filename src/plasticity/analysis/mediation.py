"""How much of what an arm or a dose does to the accuracy of the next task goes through NC1 at its start.

Let D be the dose, or 1 for an arm and 0 for the control. Networks of one pair share the seed and, in warm starting, the
length. With Δ a treated network minus the control of its pair, the model

    ln NC1 = pair + a·D + error,    Δ accuracy = direct effect(arm, length) + b·Δ ln NC1 + error

splits the total effect c, the slope of accuracy on D within pairs, into a·b through NC1 and a direct effect c − a·b
(Baron & Kenny 1986; Imai, Keele & Tingley 2010, eq. 5 to 7). The slope b comes from what differs between seeds within
an arm and a length: neither length nor the arm itself can make it. It is causal only under assumptions that no table
can check; docs/statistics.md spells them out. One of them, that nothing else moves both NC1 and accuracy of a network
beside its arm and length, has a sensitivity: `rho_at_zero` is the correlation of the errors at which the indirect
effect would be zero (Imai, Keele & Yamamoto 2010). The smaller, the more fragile.

Pairs alone in their arm and length say nothing of b and are left out of all paths. The intervals are those of a line
through few seeds (`plasticity.analysis.paired_regression`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.beyond_length import coefficient
from plasticity.analysis.doses import UNITS, CausalDesign, expectation, treated
from plasticity.analysis.estimates import MEDIATOR, OUTCOME, Estimand, Row, row_of
from plasticity.analysis.inference import Inference, Level, infer
from plasticity.analysis.moments import moments_of
from plasticity.analysis.paired_regression import PairedRegression, Variance, inference
from plasticity.analysis.transitions import Transitions

_PATHS = ("direct", "indirect", "mediator_slope", "rho_at_zero")


@dataclass(frozen=True)
class Pairs:
    """Treated networks minus the controls of their pairs, P pairs; all arrays are of shape (P,).

    Attributes:
        arm: The treated arm.
        seed: Its seed.
        control: Number of the control; several arms can share one.
        cell: Number of arm and length, within which b is estimated.
        moved: Change of ln NC1.
        gained: Change of accuracy.
    """

    arm: np.ndarray
    seed: np.ndarray
    control: np.ndarray
    cell: np.ndarray
    moved: np.ndarray
    gained: np.ndarray

    def where(self, kept: np.ndarray) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(**{name: values[kept] for name, values in vars(self).items()})

    def shared(self) -> "Pairs":
        """Return the pairs that are not alone in their cell, of which b is estimated."""
        return self.where((np.bincount(self.cell) > 1)[self.cell])

    @property
    def spare(self) -> int:
        """Pairs beyond their cells."""
        return len(self.cell) - len(set(self.cell.tolist()))


def mediation(transitions: Transitions, design: CausalDesign, level: Level) -> Iterator[Row]:
    """Yield direct and indirect effect of every treatment and dose series with a control, b, and the sensitivity."""
    in_series = [arm for series in design.series for arm in series.doses]
    pairs = _pairs(treated(transitions, design, [*design.treatments, *in_series]), design)
    for arm in design.treatments:
        treatment = {"name": arm, "per": "", "extra": design.where(arm)}
        yield from _rows(treatment, {design.control: 0.0, arm: 1.0}, transitions, pairs, design, level)
    for series in design.series:
        if design.control in series.doses and len(series.doses) > 2:
            per = f" per ln {series.name}" if series.logarithmic else f" per {series.name}"
            doses = dict(zip(series.doses, series.scaled(list(series.doses)).tolist(), strict=True))
            ends = list(series.doses.values())
            extra = {"series": series.name, "dose_low": min(ends), "dose_high": max(ends)}
            yield from _rows(
                {"name": series.name, "per": per, "extra": extra}, doses, transitions, pairs, design, level
            )


def effects(pairs: Pairs, dose: np.ndarray, level: Level) -> dict[str, Inference]:
    """Return each path.

    Given NC1, the direct effect and b are linear in the changes of accuracy. The variance of a·b is a²·Var b + b²·Var a
    (Sobel 1982), with the degrees of freedom of b, the fewer. If a or b is zero, its t is never larger than that of
    this factor alone, so that the test holds its level in both cases.

    Args:
        pairs: Pairs that share their cell, two or more to spare.
        dose: D of each treated network less that of its control, (P,).
        level: Level of the intervals.
    """
    seed, cell = (np.unique(values, return_inverse=True)[1] for values in (pairs.seed, pairs.cell))
    regression, parts = PairedRegression(pairs.moved, pairs.gained, seed, cell), _dose_parts(pairs, dose)
    of_seeds = np.stack([np.bincount(seed, each) for each in (parts[0] * pairs.moved, parts[1])])

    def shift(draws: np.ndarray) -> np.ndarray:
        return (draws @ of_seeds[0]) / (draws @ of_seeds[1])

    a, known = infer(shift, regression.seeds, level), regression.variance(regression.slope)
    b = inference(float(regression.slope @ pairs.gained), known, regression.seeds, level)
    product = a.estimate**2 * known.value + b.estimate**2 * a.deviation**2 / regression.seeds
    left = moments_of(np.column_stack([pairs.moved, pairs.gained]), seeds=seed, groups=cell)
    fragile = infer(lambda draws: coefficient(left, draws), left.seeds, level, correlation=True)
    return {
        "mediator_shift": a,
        "direct": regression.infer(parts[0] / parts[1].sum() - a.estimate * regression.slope, level),
        "indirect": inference(a.estimate * b.estimate, Variance(product, known.freedom), regression.seeds, level),
        "mediator_slope": b,
        "rho_at_zero": replace(fragile, p_value=np.nan),  # describes how fragile the slope is; the slope has the test
    }


def _rows(
    treatment: Mapping[str, Any],
    doses: Mapping[str, float],
    transitions: Transitions,
    pairs: Pairs,
    design: CausalDesign,
    level: Level,
) -> Iterator[Row]:
    pairs = pairs.where(np.isin(pairs.arm, [arm for arm in doses if arm != design.control]))
    if not len(pairs.arm):
        return
    nothing = Inference(np.nan, n_seeds=len(set(pairs.seed)), note=f"{len(pairs.arm)} pairs leave {pairs.spare}")
    found = dict.fromkeys(("mediator_shift", *_PATHS), nothing)
    if pairs.spare >= 2:
        pairs = pairs.shared()
        found = effects(pairs, np.array([doses[arm] for arm in pairs.arm]) - doses[design.control], level)
    sign = expectation(found["mediator_shift"], level.confidence)
    unit = UNITS[OUTCOME] + treatment["per"]
    looks = {
        "direct": (treatment["name"], unit, np.nan),
        "indirect": (treatment["name"], unit, sign),
        "mediator_slope": (MEDIATOR, f"{UNITS[OUTCOME]} per {UNITS[MEDIATOR]}", 1.0),
        "rho_at_zero": (MEDIATOR, "1", np.nan),
    }
    for path in _PATHS:
        metric, unit, expected = looks[path]
        estimand = Estimand(
            question="mediation",
            quantity=path,
            method="paired_within_length",
            metric=metric,
            unit=unit,
            treatment=treatment["name"],
            expected=expected,
            extra=treatment["extra"],
        )
        yield row_of(estimand, found[path], transitions, len(pairs.arm))


def _pairs(rows: pd.DataFrame, design: CausalDesign) -> Pairs:
    """Return the rows of `doses.treated` as arrays."""
    control, cell = (rows.groupby(names).ngroup().to_numpy() for names in (list(design.pairs), ["arm", "length"]))
    arm, seed, moved, gained = (rows[name].to_numpy() for name in ("arm", "seed", "mediator_change", "outcome_change"))
    return Pairs(arm, seed, control, cell, moved.astype(float), gained.astype(float))


def _dose_parts(pairs: Pairs, dose: np.ndarray) -> np.ndarray:
    """Return what each pair adds to the slope on D within networks of one control, (2, P).

    The first row times the changes is the slope's numerator, the sum of the second its denominator.
    """
    control = np.unique(pairs.control, return_inverse=True)[1]
    number, sums, squares = (np.bincount(control, each) for each in (np.ones_like(dose), dose, dose**2))
    mean, spread = sums / (number + 1), squares - sums**2 / (number + 1)  # the control is one more, of no dose
    return np.stack([dose - mean[control], (spread / number)[control]])
