"""Self-normalised resets: a unit that has been silent for longer than it usually is is renewed."""

from typing import ClassVar

import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.forward import NetworkView
from plasticity.training.hooks.step_hook import HookContext, StepHook
from plasticity.training.renewal import check_units, over_images, renew


class SelfNormalizedResets(StepHook, name="self_normalized_resets"):
    """Renew units that have been silent for unusually long (Farias & Jozefiak 2025).

    A unit fires in a step if it is above zero for any image. It is renewed after a silence of as many steps as its
    threshold, an estimate of the given percentile of its times between two firings; if these are geometric, as the
    released code for transformers takes them, that is −ln(1 − percentile) times their mean. Thresholds are estimated
    anew every so many steps; where the estimate is no smaller, the threshold grows by a factor. ReLU networks only.
    """

    reads_layers: ClassVar[bool] = True
    renews_units: ClassVar[bool] = True
    activations: ClassVar[tuple[str, ...]] = ("relu",)

    percentile: float = setting(
        "Percentile of the times between two firings; 1 − η of Farias & Jozefiak (2025).",
        unit="1",
        default=0.99,
        gt=0,
        lt=1,
    )
    threshold: int = setting(
        "Initial threshold: silence after which a unit is renewed.", unit="steps", default=100, ge=1
    )
    every: int = setting("Steps between estimates of the thresholds.", unit="steps", default=1000, ge=1)
    expansion: float = setting("Factor by which a threshold grows.", unit="1", default=2.0, gt=1)

    def check(self, network: NetworkView) -> None:
        """Refuse other networks than those of ReLU units."""
        check_units(self, network, self.activations)

    def before_training(self, context: HookContext) -> None:
        """Begin with no silence, and one firing after one step as the released code does."""
        sizes = [len(context.parameters[f"{units.incoming}.bias"]) for units in context.network.units]
        like = next(iter(context.parameters.values()))
        ones = torch.ones(sum(sizes), device=like.device, dtype=torch.float64)
        context.state |= {"silence": 0 * ones, "threshold": self.threshold * ones}
        context.state |= {"firings": ones.clone(), "times": ones.clone()}

    def after_step(self, context: HookContext) -> None:
        """Renew units, and estimate their thresholds where it is time."""
        silence, firings, times = (context.state[name] for name in ("silence", "firings", "times"))
        # What ReLU gives is never negative, so that a sum tells as much as a maximum, in a fraction of the time.
        fired = torch.cat([over_images(layer).sum(0) for layer in context.forward.layers]) > 0
        silence.add_(1)
        renewed = ~fired & (silence >= context.state["threshold"])
        ended = fired | renewed
        firings.add_(ended)
        times.add_(silence * ended)
        silence.masked_fill_(ended, 0)
        if bool(renewed.any()):
            self._renew(context, renewed)
        if context.step % self.every == 0:
            self._estimate(context)

    def _renew(self, context: HookContext, renewed: Tensor) -> None:
        sizes = [layer.shape[1] for layer in context.forward.layers]
        for units, part in zip(context.network.units, renewed.split(sizes), strict=True):
            if len(chosen := part.nonzero().flatten()):
                renew(context, units, chosen)

    def _estimate(self, context: HookContext) -> None:
        threshold, firings, times = (context.state[name] for name in ("threshold", "firings", "times"))
        estimate = -torch.log1p(torch.tensor(-self.percentile, dtype=torch.float64)).item() * times / firings
        threshold.copy_(torch.where(threshold <= estimate, self.expansion * threshold, estimate).ceil_())
        firings.fill_(1)
        times.fill_(1)
