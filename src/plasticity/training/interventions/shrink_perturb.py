"""Shrink and perturb."""

from dataclasses import replace
from typing import Literal

from plasticity.config.settings import setting
from plasticity.training.interventions.intervention import Intervention, NetworkState


class ShrinkPerturb(Intervention, name="shrink_perturb"):
    """θ ← shrink·θ + perturb·θ_fresh (Ash & Adams 2020).

    The noise is a fresh network of the same architecture, so each kind of parameter is perturbed at its own scale; in
    Bonifazi et al. (2024) the text says N(0, 2/n), the released code does this.

    Running statistics: "keep" leaves those of the checkpoint (as the released code does, although they belong to the
    unshrunk weights), "fresh" and "recalibrate" take the initial ones; the stage then estimates them anew for
    "recalibrate". Optimizer state stays, unless a shrink of zero leaves nothing of the network.
    """

    shrink: float = setting("Factor λ on the trained weights; 0.6 in Bonifazi et al. (2024).", unit="1", ge=0, le=1)
    perturb: float = setting(
        "Factor B on a freshly initialised network's weights; 0.01 in Bonifazi et al. (2024).", unit="1", ge=0
    )
    batch_norm: Literal["keep", "fresh", "recalibrate"] = setting(
        "Running statistics: those of the checkpoint, fresh ones, or re-estimated.",
        unit="name",
        default="recalibrate",
    )

    @property
    def recalibrates(self) -> bool:
        """Whether the statistics are to be estimated anew."""
        return self.batch_norm == "recalibrate"

    def __call__(self, state: NetworkState) -> NetworkState:
        """Shrink, and add the fresh network."""
        source = state.weights if self.batch_norm == "keep" else state.fresh
        weights = {
            name: source[name].copy()
            if name in state.buffers
            else (self.shrink * value + self.perturb * state.fresh[name]).astype(value.dtype, copy=False)
            for name, value in state.weights.items()
        }
        if self.shrink:
            return replace(state, weights=weights)
        initial = {name: weights[name] for name in state.initial}
        return replace(state, weights=weights, optimizer={}, initial=initial, reborn=True)
