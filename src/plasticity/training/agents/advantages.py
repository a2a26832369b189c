"""Advantages of actions and returns of states, estimated from what an agent was rewarded."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def advantages_of(rewards: Floats, values: Floats, ended: NDArray[np.bool_], discount: float, trace: float) -> Floats:
    """Return Σ_k (γλ)^k δ_{t+k} with δ_t = r_t + γ·V_{t+1} − V_t (Schulman et al. 2016, equation 16).

    Nothing follows the end of an episode, be it a fall or the time limit, as in the code of Dohare et al. (2024).

    Args:
        rewards: Reward of each step (T,).
        values: Estimated value of the state at each step and of the state after the last one (T + 1,).
        ended: Whether the episode ended with the step (T,).
        discount: γ.
        trace: λ.
    """
    goes_on = 1.0 - ended
    errors = rewards + discount * goes_on * values[1:] - values[:-1]
    found, next_one = np.empty_like(errors), 0.0
    for t in range(len(errors) - 1, -1, -1):
        next_one = errors[t] + discount * trace * goes_on[t] * next_one
        found[t] = next_one
    return found


def standardised(advantages: Floats) -> Floats:
    """Return advantages with mean 0 and standard deviation 1; equal ones are all 0."""
    centred = advantages - advantages.mean()
    spread = centred.std(ddof=1)
    return centred / spread if spread > 0 else centred
