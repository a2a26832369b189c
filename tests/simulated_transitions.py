"""Simulated studies whose causes are known: warm-start transitions as the analyses read them."""

import numpy as np
import pandas as pd

from plasticity.analysis.transitions import Transitions

EPOCHS = (4, 8, 16, 32)
SHIFTS = {"control": 0.0, "collapse": -1.0, "spread": 1.0}
"""What each arm adds to ln NC1."""


def simulated(
    random: np.random.Generator,
    *,
    seeds: int = 4,
    through: float = 0.0,
    by_length: float = -0.02,
    direct: float = 0.0,
    hidden: float = 0.0,
    noise: float = 0.004,
) -> Transitions:
    """Return transitions in which ln NC1 falls with the logarithm of length, and accuracy follows a known equation.

    Args:
        random: Where noise is drawn from.
        seeds: Number of seeds, each with levels of its own.
        through: Effect of one ln NC1 on accuracy.
        by_length: Effect of one ln epoch on accuracy.
        direct: Effect of a unit of the arm's shift on accuracy that does not pass through NC1.
        hidden: Effect on accuracy of an unseen quantity that raises ln NC1 as much as its own noise.
        noise: Standard deviation of accuracy.
    """
    rows = []
    for seed in range(seeds):
        levels = random.normal(0, 0.1), random.normal(0, 0.01)
        for arm, shift in SHIFTS.items():
            for length in EPOCHS:
                unseen = random.normal()
                log_nc1 = 3 - np.log(length) + shift + levels[0] + 0.3 * unseen
                accuracy = 0.6 + by_length * np.log(length) + through * log_nc1 + direct * shift + hidden * unseen
                row = {"arm": arm, "seed": seed, "length": length, "log_nc1": log_nc1}
                rows.append(row | {"outcome": accuracy + levels[1] + random.normal(0, noise)})
    frame = pd.DataFrame(rows)
    for name in ("nc2", "nc3", "nc4", "weight_norm", "effective_rank", "dead_units"):
        frame[name] = random.normal(size=len(frame))
    return Transitions(frame, "all", EPOCHS[0], EPOCHS[-1])
