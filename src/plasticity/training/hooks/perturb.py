"""Shrink and perturb after every step."""

import sys
from typing import ClassVar

import numpy as np

from plasticity.config.settings import setting
from plasticity.seeding import derive_seed
from plasticity.training.hooks.step_hook import HookContext, StepHook, Steps
from plasticity.training.online.kernel_arrays import Noise
from plasticity.training.renewal import check_units


class Perturb(StepHook, name="perturb"):
    """Shrink and perturb after every step: θ ← shrink·θ + perturb·θ_fresh (Ash & Adams 2020).

    As Kumar, Marklund & Van Roy (2023) use it: θ_fresh is drawn anew from the initialisation in every step, so that
    each kind of parameter is perturbed at its own scale. Buffers and optimizer state stay as they are. The compiled
    online loop draws other numbers of the same distribution.
    """

    in_stretches: ClassVar[bool] = True
    shrinks_by: ClassVar[str] = "shrink"

    shrink: float = setting("Factor on the weights; 0.9999 in Kumar et al. (2023).", unit="1", ge=0, le=1)
    perturb: float = setting("Factor on fresh weights; 0.01 in Kumar et al. (2023).", unit="1", ge=0)

    def after_step(self, context: HookContext) -> None:
        """Shrink all parameters and add fresh ones."""
        fresh = context.network.fresh_parameters(context.generator())
        for name, parameter in context.parameters.items():
            parameter.mul_(self.shrink).add_(fresh[name], alpha=self.perturb)

    def stretch(self, context: HookContext) -> int:
        """Return any number of steps: the compiled loop perturbs in each."""
        return sys.maxsize

    def compiled(self, context: HookContext) -> Noise:
        """Return the noise, as the units' initialisation has it."""
        check_units(self, context.network)
        units, parameters = context.network.units, context.parameters
        last = units[-1]
        head_bias = last.outgoing_bound if last.bias_bound else 0.0  # drawn as the layers' before, where they are
        sizes = [parameters[f"{name}.weight"].shape for name in (*(each.incoming for each in units), last.outgoing)]
        bounds = [*(each.bound for each in units), last.outgoing_bound]
        bias_bounds = [*(each.bias_bound for each in units), head_bias]
        return Noise(
            shrink=self.shrink,
            bounds=np.float32(self.perturb) * np.array(bounds, np.float32),
            bias_bounds=np.float32(self.perturb) * np.array(bias_bounds, np.float32),
            units=np.array([sizes[0][1], *(size[0] for size in sizes)]),
            scale=self.perturb,
            key=derive_seed(context.seed, f"{context.purpose}/noise"),
            taken=context.step,
        )

    def after_stretch(self, context: HookContext, steps: Steps) -> None:
        """Do nothing: the compiled loop has perturbed."""
