"""Verdicts on claims about several values at once: orders of arms, and slopes that change their sign between groups."""

from itertools import pairwise, product

import numpy as np
import pandas as pd
from simulated import EFFECTS, SPREAD
from simulated.environments import SLOPES, agents_table

from plasticity.report.published.claims import Claim
from plasticity.report.published.joint import value_of
from plasticity.report.published.measures import RunTables, Value, over_seeds
from plasticity.report.published.published_verdict import AGREES, DIFFERS, UNDECIDED, verdict
from rates import CONFIDENCE
from rates.tally import Tally

_RANKS = (("best",), ("a", "b", "c"), ("worst",))  # as in the published figures
_STEP = 0.03  # between two ranks
_CLAIM = Claim(name="", source="", basis="figure", quantity="", unit="1", measure={"of": "ranking"}, shape="descending")
_ONE_GROUP = {"weight_norm": (1.5, 0.0, 0.0), "dead_units": (0.0, -1.5, 0.0)}


def of_orders(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count verdicts on an order of arms in three ranks; without an effect, of equal arms and of two equal ranks."""
    nothing, published = EFFECTS.values()
    for kind, name, steps in (
        ("order of arms", nothing, (0, 0, 0)),
        ("order of arms", published, (2, 1, 0)),
        ("order of arms but for one step", nothing, (1, 1, 0)),
    ):
        for _ in range(studies):
            said = verdict(_CLAIM, Value(parts=tuple(_differences(random, seeds, steps))), CONFIDENCE)[0]
            wrong = said not in (UNDECIDED, AGREES if name == published else "")
            tally.add(f"published {kind}, {name}", decided=said != UNDECIDED, wrong=wrong)


def _differences(random: np.random.Generator, seeds: int, steps: tuple[int, ...]) -> list[Value]:
    """Return the differences between arms of neighbouring ranks, which stand so many steps high, paired by seed."""
    level = SPREAD * random.normal(size=seeds)
    values = {
        arm: level + _STEP * step + SPREAD * random.normal(size=seeds)
        for arms, step in zip(_RANKS, steps, strict=True)
        for arm in arms
    }
    pairs = (pair for above, below in pairwise(_RANKS) for pair in product(above, below))
    return [over_seeds(values[higher] - values[lower], CONFIDENCE) for higher, lower in pairs]


def of_sign_changes(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count verdicts on slopes of probe loss: of dead units, which change their sign, and of the weight norm.

    Without an effect, one group alone has a slope.
    """
    for effect, name in EFFECTS.items():
        for _ in range(studies):
            agents = agents_table(random, seeds, slopes=SLOPES if effect else _ONE_GROUP)
            for quantity, truth in (("dead_units", AGREES), ("weight_norm", DIFFERS)):
                said = _sign_change(agents, quantity)
                wrong = said not in (UNDECIDED, truth if effect else "")
                kind = "slope that changes its sign" if truth == AGREES else "slope of one sign"
                tally.add(f"published {kind}, {name}", decided=said != UNDECIDED, wrong=wrong)


def _sign_change(agents: pd.DataFrame, quantity: str) -> str:
    measure = {"of": "sign_change", "x": quantity, "y": "probe_loss", "group": "environment", "at": "last"}
    claim = Claim(name="", source="", basis="figure", quantity="", unit="1", measure=measure, shape="flips")
    tables = RunTables(agents, pd.DataFrame(), "step", CONFIDENCE)
    return verdict(claim, value_of(claim, tables), CONFIDENCE)[0]
