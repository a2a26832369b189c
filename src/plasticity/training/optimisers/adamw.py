"""Adam with decoupled weight decay."""

from typing import ClassVar

from plasticity.training.optimisers.adam import Adam


class AdamW(Adam, name="adamw"):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): θ ← (1 − η·λ)·θ first, as in `torch.optim.AdamW`."""

    decoupled: ClassVar[bool] = True
