"""The table of the warm-start study: five arms over the checkpoints of their warm-ups.

With the effect, accuracy follows ln NC1 with the slope `SLOPE` within a run, and arms gain `GAINS` over the control
whatever their NC1; without it, neither. In both, arms shift ln NC1 by `SHIFTS`. NC4 is constant at late checkpoints.
"""

from typing import Any

import numpy as np
import pandas as pd

from simulated.completed import completed
from simulated.series import CHECKPOINTS, checkpoints, drifting

ARMS = ("warm_start", "shrink_perturb", "nc1_spread", "nc1_collapse", "weight_decay_0.1")
GAINS = {"shrink_perturb": 0.0335, "nc1_spread": 0.006, "weight_decay_0.1": 0.057}
SHIFTS = {"nc1_spread": 0.43, "nc1_collapse": -0.22, "weight_decay_0.1": 0.1}
SLOPE = 0.01
DOSES = {"nc1_spread": -0.05, "warm_start": 0.0, "nc1_collapse": 0.05}
DESIGN = {
    "control": "warm_start",
    "treatments": list(ARMS[1:]),
    "series": [{"name": "NC1 penalty", "doses": DOSES}],
}


def warm_start_table(random: np.random.Generator, seeds: int, *, effect: bool) -> pd.DataFrame:
    """Return a "metrics" table."""
    shared = (len(ARMS), seeds, len(CHECKPOINTS))
    log_nc1, accuracy = checkpoints(random, shared[:2], effect=effect)
    of_arm = [np.array([of.get(arm, 0.0) for arm in ARMS])[:, None, None] for of in (SHIFTS, GAINS)]
    log_nc1, accuracy = log_nc1 + of_arm[0], accuracy + effect * of_arm[1]
    arm, seed, place = (index.ravel() for index in np.indices(shared))
    columns: dict[str, Any] = {"arm": np.array(ARMS)[arm], "seed": seed + 1, "diverged": False}
    columns |= {"warm_up_epoch": CHECKPOINTS[place], "nc1": np.exp(log_nc1).ravel()}
    columns |= {"full_test_accuracy": accuracy.ravel(), "plasticity_gap": 0.6 - accuracy.ravel()}
    fall = np.sqrt(CHECKPOINTS / CHECKPOINTS[-1])
    for name in ("nc2", "nc3", "weight_norm", "effective_rank", "dead_units"):
        columns[name] = (2 - 0.2 * fall + 0.05 * drifting(random, shared)).ravel()
    columns["nc4"] = np.minimum(1.0, 0.6 + 0.5 * fall + 0.01 * drifting(random, shared)).ravel()
    return completed(columns, "metrics")
