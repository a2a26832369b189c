"""Weights that are kept within a multiple of their initial range."""

from collections.abc import Mapping

from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.hooks.step_hook import HookContext, StepHook


class ClipWeights(StepHook, name="clip_weights"):
    """Weight clipping: after every step weights and biases are clipped to ±factor/√fan_in (Elsayed et al. 2024).

    1/√fan_in is the range that PyTorch draws them from, whatever the network's own initialisation. Scales and shifts
    of normalisations stay as they are.
    """

    factor: float = setting("Factor on the range; 1 to 5 in Elsayed et al. (2024).", unit="1", gt=0)

    def after_step(self, context: HookContext) -> None:
        """Clip."""
        parameters = context.parameters
        for name, parameter in parameters.items():
            if inputs := fan_in(parameters, name):
                bound = self.factor * inputs**-0.5
                parameter.clamp_(-bound, bound)


def fan_in(parameters: Mapping[str, Tensor], name: str) -> int:
    """Return the inputs of each unit of a parameter's layer; 0 for parameters of no linear layer or convolution."""
    layer, _, part = name.rpartition(".")
    weight = parameters.get(f"{layer}.weight")
    if part not in {"weight", "bias"} or weight is None or weight.dim() < 2:
        return 0
    return weight[0].numel()
