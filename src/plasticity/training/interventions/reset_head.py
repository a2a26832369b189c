"""A fresh head on the trained body."""

from dataclasses import replace
from typing import ClassVar

from plasticity.config.settings import setting
from plasticity.training.interventions.intervention import Intervention, NetworkState


class ResetHead(Intervention, name="reset_head"):
    """A freshly initialised head on the trained body; resets the optimizer's state of the head, or all of it."""

    renews_head: ClassVar[bool] = True

    reset_optimizer: bool = setting(
        "Reset the optimizer's state for all parameters, not only for the head.", unit="1", default=False
    )

    def __call__(self, state: NetworkState) -> NetworkState:
        """Renew the head."""
        renewed = state.renewed(state.head)
        return replace(renewed, optimizer={}) if self.reset_optimizer else renewed
