"""ReDo: dormant units are recycled."""

from typing import ClassVar

import torch

from plasticity.config.settings import setting
from plasticity.training.forward import NetworkView
from plasticity.training.hooks.step_hook import HookContext, StepHook
from plasticity.training.renewal import check_units, over_images, renew


class ReDo(StepHook, name="redo"):
    """Recycle dormant units (Sokar et al. 2023, equation 1 and algorithm 1).

    A unit's score is its mean |h| over a batch, divided by the mean of its layer's. If it is at most `threshold`, the
    unit gets initial incoming weights and outgoing weights of zero, and the optimizer forgets both. ReLU networks only.
    """

    reads_layers: ClassVar[bool] = True
    renews_units: ClassVar[bool] = True
    activations: ClassVar[tuple[str, ...]] = ("relu",)

    every: int = setting("Steps between recyclings; 1000 in Sokar et al. (2023).", unit="steps", ge=1)
    threshold: float = setting(
        "Score at or below which a unit is dormant; 0.025 and 0.1 in Sokar et al. (2023).",
        unit="1",
        default=0.1,
        ge=0,
        lt=1,
    )
    batches: int = setting(
        "Number of most recent batches over which the score is averaged; more than one for small batches.",
        unit="batches",
        default=1,
        ge=1,
    )

    def check(self, network: NetworkView) -> None:
        """Refuse other networks than those of ReLU units."""
        check_units(self, network, self.activations)

    def after_step(self, context: HookContext) -> None:
        """Recycle, where it is time."""
        wait = -context.step % self.every
        if wait >= self.batches:
            return
        scores = []
        for place, layer in enumerate(context.forward.layers):
            activity = over_images(layer).abs().mean(0)
            if self.batches > 1:
                activity = context.state.setdefault(f"activity{place}", torch.zeros_like(activity)).add_(activity)
            scores.append(activity / activity.mean())
        if wait:
            return
        for units, score in zip(context.network.units, scores, strict=True):
            dormant = (~(score > self.threshold)).nonzero().flatten()  # all of a layer that is silent altogether
            if len(dormant):
                renew(context, units, dormant)
        for activity in context.state.values():
            activity.zero_()
