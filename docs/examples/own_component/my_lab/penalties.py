"""Penalties: a differentiable scalar of a step's forward pass, and what is added to the cross-entropy."""

from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.forward import Forward
from plasticity.training.penalties.penalty import Penalty


class FeatureNorm(Penalty):
    """Mean squared length of the features."""

    weight: float = setting("Factor of the mean squared length.", unit="nat", ge=0)

    def __call__(self, forward: Forward) -> Tensor:
        """Return the mean of ‖h‖² over the batch."""
        return forward.features.square().sum(dim=1).mean()

    def term(self, value: Tensor) -> Tensor:
        """Return weight · value."""
        return self.weight * value
