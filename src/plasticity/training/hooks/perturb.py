"""Shrink and perturb after every step."""

from plasticity.config.settings import setting
from plasticity.training.hooks.step_hook import HookContext, StepHook


class Perturb(StepHook, name="perturb"):
    """Shrink and perturb after every step: θ ← shrink·θ + perturb·θ_fresh (Ash & Adams 2020).

    As Kumar, Marklund & Van Roy (2023) use it: θ_fresh is drawn anew from the initialisation in every step, so that
    each kind of parameter is perturbed at its own scale. Buffers and optimizer state stay as they are.
    """

    shrink: float = setting("Factor on the weights; 0.9999 in Kumar et al. (2023).", unit="1", ge=0, le=1)
    perturb: float = setting("Factor on fresh weights; 0.01 in Kumar et al. (2023).", unit="1", ge=0)

    def after_step(self, context: HookContext) -> None:
        """Shrink all parameters and add fresh ones."""
        fresh = context.network.fresh_parameters(context.generator())
        for name, parameter in context.parameters.items():
            parameter.mul_(self.shrink).add_(fresh[name], alpha=self.perturb)
