"""Components as a user writes them, in a module of one's own; chosen by "own_components:<Class>"."""

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.metrics import metric
from plasticity.training.forward import Forward
from plasticity.training.hooks.step_hook import HookContext, StepHook
from plasticity.training.interventions.intervention import Intervention, NetworkState
from plasticity.training.optimisers.optimiser import Optimiser, Update
from plasticity.training.penalties.penalty import Penalty


@metric(unit="1", meaning="mean power of the features")
def activity(features: Tensor, power: float = 2.0) -> float:
    """Mean of a power of all features."""
    return float(features.double().pow(power).mean())


class Signs(Optimiser):
    """Steps of one size along the sign of a mean gradient."""

    decay: float = setting("Decay of the mean.", unit="1", default=0.5, ge=0, lt=1)

    def slots(self, momentum: float) -> tuple[str, ...]:
        return ("mean",)

    def update(self, step: Update) -> None:
        for parameter, gradient, mean in zip(step.parameters, step.gradients, step.slots["mean"], strict=True):
            mean.lerp_(gradient, 1 - self.decay)
            parameter.sub_(mean.sign(), alpha=step.learning_rate)


class Activity(Penalty):
    """Mean square of all hidden units."""

    reads_layers: ClassVar[bool] = True

    weight: float = setting("Factor.", unit="nat")

    def __call__(self, forward: Forward) -> Tensor:
        return sum((layer.square().mean() for layer in forward.layers), start=forward.logits.new_zeros(()))

    def term(self, value: Tensor) -> Tensor:
        return self.weight * value


class CountedSteps(Penalty):
    """Keeps the number of its steps, as a vector as long as the outputs."""

    def __call__(self, forward: Forward) -> Tensor:
        kept = forward.network.kept
        kept["steps"] = kept.get("steps", torch.zeros(forward.num_classes)) + 1
        return forward.logits.square().mean()


class PerImage(Penalty):
    """Breaks the contract: a value per image."""

    def __call__(self, forward: Forward) -> Tensor:
        return forward.features.square().sum(1)


class WeighsPerClass(Penalty):
    """Breaks the contract: a term per class."""

    def __call__(self, forward: Forward) -> Tensor:
        return forward.logits.mean()

    def term(self, value: Tensor) -> Tensor:
        return value.repeat(3)


class Nameless(Penalty):
    """Breaks the contract: it has no value."""


class Counting(StepHook):
    """Breaks the contract: it keeps a number that is no tensor."""

    def after_step(self, context: HookContext) -> None:
        context.state["steps"] = context.step  # pyright: ignore[reportArgumentType]


class Peeping(Penalty):
    """Breaks the contract: does not say that it reads hidden layers, or initial parameters."""

    initial: bool = setting("Which of the two.", unit="1")

    def __call__(self, forward: Forward) -> Tensor:
        values = forward.initial_parameters.values() if self.initial else forward.layers
        return torch.stack([value.sum() for value in values]).sum()


class IdleUnits(StepHook):
    """Draws the least used unit of the last hidden layer anew, every so many steps, with its optimizer state."""

    reads_layers: ClassVar[bool] = True

    every: int = setting("Steps between two resets.", unit="steps", ge=1)

    def before_training(self, context: HookContext) -> None:
        context.state["resets"] = torch.zeros((), dtype=torch.int64, device=context.parameters["head.weight"].device)

    def after_step(self, context: HookContext) -> None:
        use = context.forward.layers[-1].flatten(1).abs().mean(0)
        mean = context.state.setdefault("use", torch.zeros_like(use))
        mean.lerp_(use, 0.1)
        if context.step % self.every:
            return
        unit = int(mean.argmin())
        fresh = context.network.fresh_parameters(context.generator())
        head = context.parameters["head.weight"]
        head[:, unit] = fresh["head.weight"][:, unit]
        for slot, value in context.optimizer.slots_of("head.weight").items():
            if slot != "step":
                value[:, unit] = 0
        context.state["resets"] += 1


class Negate(Intervention):
    """Changes the sign of all parameters, and of what the optimizer keeps."""

    def __call__(self, state: NetworkState) -> NetworkState:
        return NetworkState(
            weights={name: value if name in state.buffers else -value for name, value in state.weights.items()},
            fresh=state.fresh,
            head=state.head,
            buffers=state.buffers,
            optimizer={n: {slot: -value for slot, value in kept.items()} for n, kept in state.optimizer.items()},
            initial=state.initial,
        )


class Forgetful(Intervention):
    """Breaks the contract: it loses the biases."""

    def __call__(self, state: NetworkState) -> NetworkState:
        kept = {name: value for name, value in state.weights.items() if not name.endswith("bias")}
        return replace(state, weights=kept)


class ForgetOptimizer(Intervention):
    """Leaves the network as it is, and forgets what the optimizer keeps."""

    def __call__(self, state: NetworkState) -> NetworkState:
        return replace(state, optimizer={})
