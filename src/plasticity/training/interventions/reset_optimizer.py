"""An optimizer that forgets."""

from dataclasses import replace
from typing import ClassVar

from plasticity.training.interventions.intervention import Intervention, NetworkState


class ResetOptimizer(Intervention, name="reset_optimizer"):
    """Reset the optimizer's state and keep the weights (Lyle et al. 2023, appendix B.1)."""

    keeps_weights: ClassVar[bool] = True

    def __call__(self, state: NetworkState) -> NetworkState:
        """Forget."""
        return replace(state, optimizer={})
