"""The hooks of one training at work."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from plasticity.config.component import Chosen
from plasticity.errors import PlasticityError
from plasticity.training.components import title
from plasticity.training.forward import Forward, NetworkView
from plasticity.training.hooks.step_hook import HookContext, Slots, StepHook
from plasticity.training.optimisers.optimiser import STEPS


def hooks_of(chosen: Sequence[Chosen] | None) -> tuple[StepHook, ...]:
    """Return the hooks that a training chooses, in their order.

    Raises:
        PlasticityError: If there is no such hook, or its parameters are not what it expects.
    """
    return tuple(each.make(StepHook) for each in chosen or ())


class StepHooks:
    """Hooks, each with its own context of one network; they act in their order.

    Raises:
        PlasticityError: If one of them does not apply to the network.
    """

    def __init__(self, hooks: Sequence[StepHook], network: NetworkView, optimizer: Slots) -> None:
        self._hooks = hooks
        for hook in hooks:
            hook.check(network)
        self._contexts = [HookContext(network, optimizer, 0, "") for _ in hooks]

    @property
    def step(self) -> int:
        """Number of the last step."""
        return self._contexts[0].step if self._contexts else 0

    @property
    def at_work(self) -> list[tuple[StepHook, HookContext]]:
        """The hooks in their order, each with its context."""
        return list(zip(self._hooks, self._contexts, strict=True))

    @torch.no_grad()
    def begin(self, seed: int, purpose: str) -> None:
        """Begin or continue a training of a seed.

        Args:
            seed: The run's seed.
            purpose: Names the training; every hook draws from streams of its own.
        """
        for place, (hook, context) in enumerate(zip(self._hooks, self._contexts, strict=True)):
            context.seed, context.purpose = seed, f"{purpose}/hook{place}"
            if not context.step:
                hook.before_training(context)

    @torch.no_grad()
    def after_step(self, forward: Forward) -> None:
        """Let the hooks act after a step."""
        for hook, context in zip(self._hooks, self._contexts, strict=True):
            context.take_step(forward)
            hook.after_step(context)

    def state(self) -> dict[str, Tensor]:
        """Return what the hooks keep, the tensors themselves, by "position/name", and the number of steps.

        Raises:
            PlasticityError: If one keeps something else than a tensor.
        """
        if not self._contexts:
            return {}
        for hook, context in zip(self._hooks, self._contexts, strict=True):
            for name, value in context.state.items():
                if not isinstance(value, Tensor):
                    got = type(value).__name__
                    raise PlasticityError(f"{title(hook)}: expected a tensor in context.state[{name!r}], got {got}")
        kept = {
            f"{place}/{name}": value
            for place, context in enumerate(self._contexts)
            for name, value in context.state.items()
        }
        return {**kept, STEPS: torch.tensor(self.step)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep what `state` says and nothing else."""
        self.reset()
        for key, value in state.items():
            place, _, name = key.partition("/")
            if name:
                context = self._contexts[int(place)]
                device = next(iter(context.parameters.values())).device
                context.state[name] = value.to(device, copy=True)
        for context in self._contexts:
            context.step = int(state[STEPS])

    def reset(self) -> None:
        """Forget everything, as before the first step."""
        for context in self._contexts:
            context.state.clear()
            context.step, context._forward = 0, None
