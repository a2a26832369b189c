"""Verdicts on published means, differences and ratios, and on their shapes.

Truths are equal ones, ones that are a margin apart, which are not equal, and ones four margins apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from simulated import SPREAD

from plasticity.report.published.claims import SIGNS, Claim
from plasticity.report.published.measures import over_seeds
from plasticity.report.published.published_verdict import AGREES, DIFFERS, verdict
from rates import CONFIDENCE
from rates.tally import Tally

APART = {0: "equal", 1: "a margin apart", 4: "four margins apart"}
"""Margins between the two numbers, and what that is called."""
_PUBLISHED_SEEDS = 30


@dataclass(frozen=True)
class Quantity:
    """A number of a study: what measures it, what its margin is in and how large, its truth and spread over seeds.

    Those that are `logarithmic` are normal as logarithms.
    """

    name: str
    measure: Mapping[str, Any]
    kind: str
    margin: float
    centre: float
    spread: float
    logarithmic: bool = False
    shape: str = ""

    def draw(self, random: np.random.Generator, seeds: int, apart: float) -> np.ndarray:
        """Return values of as many seeds, so many margins from the centre."""
        noise = self.spread * random.normal(size=seeds)
        if self.logarithmic:
            return np.asarray(self.centre * (1 + apart * self.margin) * np.exp(noise))
        step = np.log1p(self.margin) if self.kind == "ratio" else self.margin
        return np.asarray(self.centre + apart * step + noise)


_LEVEL, _CONTRAST, _RATIO = {"of": "level"}, {"of": "contrast"}, {"of": "contrast", "log": True}
QUANTITIES = (
    Quantity("accuracy", _LEVEL, "accuracy", 0.01, 0.58, SPREAD),
    Quantity("difference", _CONTRAST, "accuracy", 0.01, 0.0, SPREAD, shape="zero"),
    Quantity("NC1", _LEVEL, "ratio", 0.1, 0.2, 0.1, logarithmic=True),
    Quantity("log ratio", _RATIO, "ratio", 0.1, 0.0, 0.1, shape="level"),
)


def of_numbers(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count verdicts on numbers, with and without a spread, and on shapes."""
    for quantity in QUANTITIES:
        for _ in range(studies):
            theirs = quantity.draw(random, _PUBLISHED_SEEDS, 0)
            for apart, name in APART.items():
                value = over_seeds(quantity.draw(random, seeds, apart), CONFIDENCE)
                for form, claim in _claims(quantity, theirs):
                    said = verdict(claim, value, CONFIDENCE)[0]
                    count(tally, f"published {quantity.name}: {form}", name, said, claim.shape)


def count(tally: Tally, kind: str, name: str, said: str, shape: str = "") -> None:
    """Count a verdict on what is equal or apart; of a direction, equal is no direction, and apart the published one."""
    wrong = said == (DIFFERS if name == APART[0] else AGREES)
    if shape and SIGNS[shape]:
        wrong = said != "undecided" if name == APART[0] else said == DIFFERS
    tally.add(f"{kind}, {name}", decided=said in (AGREES, DIFFERS), wrong=wrong)


def claim_of(measure: Mapping[str, Any], kind: str, margin: float, *, shape: str = "") -> Claim:
    """Return a claim without a number."""
    return Claim(
        name="", source="", basis="text", quantity="", unit="1", measure=measure, kind=kind, margin=margin, shape=shape
    )


def _claims(quantity: Quantity, theirs: np.ndarray) -> Iterator[tuple[str, Claim]]:
    """Yield what can be published of an experiment's seeds, and by which form it is called."""
    claim = claim_of(quantity.measure, quantity.kind, quantity.margin)
    if not quantity.shape:
        for seeds in (3, 5):
            some = theirs[:seeds]
            yield f"SD of {seeds} seeds", replace(claim, value=some.mean(), sd=float(some.std(ddof=1)), n=seeds)
        for seeds in (1, 5, theirs.size):
            yield f"{seeds} seed{'s'[: seeds - 1]}, no SD", replace(claim, value=theirs[:seeds].mean(), n=seeds)
        return
    some = theirs[:5]
    if quantity.kind == "accuracy":
        yield "SD of 5 seeds", replace(claim, value=some.mean(), sd=float(some.std(ddof=1)), n=5)
        yield "5 seeds, no SD", replace(claim, value=some.mean(), n=5)
    yield f"shape {quantity.shape}", replace(claim, shape=quantity.shape)
    yield "shape positive", replace(claim, shape="positive")
