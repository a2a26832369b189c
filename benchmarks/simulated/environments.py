"""The last checkpoints of agents in several environments: quantities, and the probe loss that may go with them.

Agents of a seed share a part of all quantities and of the loss, as agents that start from one network do. With the
effect, the loss rises with the weight norm in every environment, and with dead units it rises in one and falls in
another; without it, it goes with nothing.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

ENVIRONMENTS = ("easy", "hard", "sparse")
QUANTITIES = ("weight_norm", "weight_rank", "dead_units", "effective_rank", "nc1")
SLOPES: Mapping[str, tuple[float, ...]] = {"weight_norm": (1.5, 1.5, 1.5), "dead_units": (1.5, -1.5, 0.0)}
"""Slope of the loss on each quantity by environment; zero where there is none."""
_ARMS = 3  # of an environment


def agents_table(
    random: np.random.Generator, seeds: int, *, slopes: Mapping[str, tuple[float, ...]] = SLOPES
) -> pd.DataFrame:
    """Return a row per agent with what the falsification test reads; empty slopes are no effect."""
    shape = (len(ENVIRONMENTS), seeds, _ARMS)
    values = {name: _shared(random, shape) for name in QUANTITIES}
    loss = _shared(random, shape)
    for name, each in slopes.items():
        loss = loss + np.array(each)[:, None, None] * values[name]
    environment, seed, arm = (index.ravel() for index in np.indices(shape))
    columns = {name: (np.exp(each) if name == "nc1" else each).ravel() for name, each in values.items()}
    columns |= {"environment": np.array(ENVIRONMENTS)[environment], "seed": seed + 1, "step": 100}
    columns["arm"] = np.char.add(np.array(ENVIRONMENTS)[environment], arm.astype(str))
    return pd.DataFrame({**columns, "probe_loss": loss.ravel(), "diverged": False, "network": "mlp"})


def _shared(random: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    return random.normal(size=shape) + random.normal(size=(1, shape[1], 1))
