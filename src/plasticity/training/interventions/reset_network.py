"""Another network."""

from dataclasses import replace

from plasticity.training.interventions.intervention import Intervention, NetworkState


class ResetNetwork(Intervention, name="reset_network"):
    """A freshly initialised network: what a method can reach if nothing learnt on earlier tasks is useful."""

    def __call__(self, state: NetworkState) -> NetworkState:
        """Take the fresh network."""
        fresh = {name: value.copy() for name, value in state.fresh.items()}
        initial = {name: fresh[name] for name in state.initial}
        return replace(state, weights=fresh, optimizer={}, initial=initial, reborn=True)
