"""The falsification test of agents: slopes by environment, and quantities that change their sign."""

import numpy as np
from simulated import EFFECTS
from simulated.environments import ENVIRONMENTS, SLOPES, agents_table

from plasticity.analysis.sign_test import ALL, FALSIFIED, ONE_SIGN, SIGNS
from plasticity.studies.agents.falsify import falsification_of
from rates import CONFIDENCE
from rates.tally import Tally

_WEIGHT = "weight_norm"


def of_slopes(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count any direction of the table's slopes, any quantity that is falsified, and slopes' intervals."""
    ends: dict[str, list[tuple[float, float]]] = {name: [] for name in EFFECTS.values()}
    for effect, name in EFFECTS.items():
        for _ in range(studies):
            table = falsification_of(agents_table(random, seeds, slopes=SLOPES if effect else {}), CONFIDENCE)
            slopes, signs = table.loc[table["group"].ne(ALL)], table.loc[table["group"].eq(ALL)]
            said = [SIGNS.get(verdict, 0) for verdict in slopes["verdict"]]
            pairs = zip(slopes["quantity"], slopes["group"], said, strict=True)
            wrong = any(each not in (0, _truth(quantity, group, effect=effect)) for quantity, group, each in pairs)
            tally.add(f"agents: slopes, {name}", decided=any(said), wrong=wrong)
            falsified = set(signs.loc[signs["verdict"].eq(FALSIFIED), "quantity"])
            wrong = bool(falsified - ({"dead_units"} if effect else set()))
            tally.add(f"agents: falsified, {name}", decided=bool(falsified), wrong=wrong)
            alike = set(signs.loc[signs["verdict"].eq(ONE_SIGN), "quantity"])
            wrong = bool(alike - ({_WEIGHT} if effect else set()))
            tally.add(f"agents: one sign, {name}", decided=bool(alike), wrong=wrong)
            first = slopes.loc[slopes["quantity"].eq(_WEIGHT), ["ci_low", "ci_high"]].iloc[0]
            ends[name].append((first["ci_low"], first["ci_high"]))
    for effect, name in EFFECTS.items():
        # In units of the quantity's standard deviation, which is that of two unit normals.
        tally.intervals(f"slope of agents, {name}", np.array(ends[name]).T, effect * SLOPES[_WEIGHT][0] * np.sqrt(2))


def _truth(quantity: str, group: str, *, effect: bool) -> int:
    slopes = SLOPES.get(quantity, (0.0,) * len(ENVIRONMENTS))
    return int(np.sign(effect * slopes[ENVIRONMENTS.index(group)]))
