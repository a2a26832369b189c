"""Randomness as an argument: one generator per (seed, purpose, index), never the global state.

Because a purpose's generator is a pure function of its name, a resumed run draws what an uninterrupted one would
have drawn, without any generator state in the checkpoint.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return a 63-bit seed for one purpose of one run; different purposes are independent streams.

    Args:
        seed: The run's seed, as in the configuration.
        purpose: What is drawn, such as "warm_up/order".
        index: Position within the purpose, such as the epoch.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return a NumPy generator for one purpose."""
    return np.random.default_rng(derive_seed(seed, purpose, index))


def torch_generator(seed: int, purpose: str, index: int = 0) -> "torch.Generator":
    """Return a CPU torch generator for one purpose; drawing on the CPU gives every device the same numbers."""
    import torch  # noqa: PLC0415 - the torch-free stages import this module as well

    return torch.Generator(device="cpu").manual_seed(derive_seed(seed, purpose, index))
