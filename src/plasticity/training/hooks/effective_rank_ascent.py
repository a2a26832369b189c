"""Feature-rank regularisation by steps of its own."""

from typing import ClassVar

import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.feature_rank import RankOf, mean_effective_rank
from plasticity.training.hooks.step_hook import HookContext, StepHook, Steps


class EffectiveRankAscent(StepHook, name="effective_rank_ascent"):
    """ER as coded by He et al. (2025): at regular intervals, one step of gradient ascent on the mean effective rank.

    Each hidden layer's rank is that of its features of the latest images; steps raise the mean over layers. Weight
    decay and momentum act on the steps of the task alone. With weight decay it is L2-ER.
    """

    in_stretches: ClassVar[bool] = True
    needs_hidden_layers: ClassVar[bool] = True

    learning_rate: float = setting("Step size of the ascent; 1e-4 to 1e-2 in He et al. (2025).", unit="1", gt=0)
    every: int = setting(
        "Training steps between ascent steps; 100 in He et al. (2025), with one image per step.", unit="steps", ge=1
    )
    images: int = setting("Number of most recent images whose features are used.", unit="images", default=100, ge=2)
    matrix: RankOf = setting(
        "Matrix whose effective rank is taken: the features or their second moment.",
        unit="name",
        default="features",
    )
    last: int | None = setting("Number of last hidden layers used; if absent, all.", unit="layers", default=None, ge=1)

    def after_step(self, context: HookContext) -> None:
        """Keep the step's images, and ascend where it is time."""
        inputs, wait = context.forward.inputs.detach(), -context.step % self.every
        if wait * len(inputs) < self.images:
            self._keep(context, inputs)
        if not wait:
            self._ascend(context, context.state["images"][: int(context.state["count"])])

    def stretch(self, context: HookContext) -> int:
        """Return the steps until the next ascent."""
        return self.every - context.step % self.every

    def after_stretch(self, context: HookContext, steps: Steps) -> None:
        """Keep the last images, and ascend where it is time."""
        self._keep(context, steps.images(self.images))
        if context.step % self.every == 0:
            self._ascend(context, context.state["images"][: int(context.state["count"])])

    def _keep(self, context: HookContext, inputs: Tensor) -> None:
        """Put the last images where the oldest ones are."""
        latest = inputs[-self.images :]
        kept = context.state.setdefault("images", latest.new_zeros((self.images, *latest.shape[1:])))
        count = context.state.setdefault("count", torch.zeros((), dtype=torch.int64))
        next_place = context.state.setdefault("next", torch.zeros((), dtype=torch.int64))
        places = (int(next_place) + torch.arange(len(latest))) % self.images
        kept[places.to(kept.device)] = latest
        next_place.copy_((places[-1] + 1) % self.images)
        count.add_(len(latest)).clamp_(max=self.images)

    def _ascend(self, context: HookContext, images: Tensor) -> None:
        parameters = context.parameters
        with torch.enable_grad():
            leaves = {name: parameter.detach().requires_grad_() for name, parameter in parameters.items()}
            rank = mean_effective_rank(context.network.layers_of(images, leaves), self.matrix, self.last)
            gradients = torch.autograd.grad(rank, list(leaves.values()), allow_unused=True)
        for parameter, gradient in zip(parameters.values(), gradients, strict=True):
            if gradient is not None:  # as the head's is
                parameter.add_(gradient, alpha=self.learning_rate)
