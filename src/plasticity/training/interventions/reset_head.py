"""A fresh head on the trained body."""

from dataclasses import replace

from plasticity.config.settings import setting
from plasticity.training.interventions.intervention import Intervention, NetworkState


class ResetHead(Intervention, name="reset_head"):
    """A freshly initialised head on the trained body; the optimizer forgets the head, or everything."""

    reset_optimizer: bool = setting(
        "Forget the optimizer's state of all parameters, and not of the head alone.", unit="1", default=False
    )

    def __call__(self, state: NetworkState) -> NetworkState:
        """Renew the head."""
        renewed = state.renewed(state.head)
        return replace(renewed, optimizer={}) if self.reset_optimizer else renewed
