"""Interventions: from a trained network to the one that learns the next task."""

from dataclasses import replace

from plasticity.config.settings import setting
from plasticity.training.interventions.intervention import Intervention, NetworkState


class Rescale(Intervention):
    """All parameters times a factor."""

    factor: float = setting("Factor on every parameter.", unit="1", gt=0)

    def __call__(self, state: NetworkState) -> NetworkState:
        """Return the network with scaled parameters; running statistics stay."""
        scaled = {
            name: value if name in state.buffers else (self.factor * value).astype(value.dtype)
            for name, value in state.weights.items()
        }
        return replace(state, weights=scaled)
