"""Continual backprop: a few units of least utility are renewed all the time."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.models.units import Units
from plasticity.training.forward import NetworkView
from plasticity.training.hooks.step_hook import HookContext, StepHook, Steps
from plasticity.training.online.kernel_arrays import Utilities
from plasticity.training.renewal import check_units, columns, over_images, renew

Utility = Literal["contribution", "adaptable_contribution"]


class ContinualBackprop(StepHook, name="continual_backprop"):
    """Renew the mature units with the lowest utility at a constant rate (Dohare et al. 2024, algorithm 1).

    contribution: mean |h| times mean |outgoing weight|; adaptable_contribution: mean |h − ĥ| times mean |outgoing
    weight| over mean |incoming weight|, ĥ the running mean of h. A running mean of that, corrected for its start, is
    the utility; a layer's replacements add up until they make a whole unit.
    """

    in_stretches: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True
    renews_units: ClassVar[bool] = True

    replacement_rate: float = setting(
        "Share of a layer's mature units renewed per step; 1e-6 to 1e-4 in Dohare et al. (2024).",
        unit="1 per step",
        gt=0,
        lt=1,
    )
    maturity: int = setting("Steps for which a new unit is protected.", unit="steps", default=100, ge=1)
    decay: float = setting("Decay rate of the running means.", unit="1", default=0.99, ge=0, lt=1)
    weights_every: int = setting(
        "Steps between updates of the weight magnitudes: 1 as published; larger values are faster with wide layers and "
        "small batches, and hardly change the utility.",
        unit="steps",
        default=1,
        ge=1,
    )
    utility: Utility = setting("Definition of a unit's utility.", unit="name", default="contribution")
    outgoing: Literal["zero", "compensate", "redraw"] = setting(
        "Outgoing weights of a renewed unit: zero (Dohare et al. 2024, as printed), zero with the unit's mean "
        "contribution added to the next layer's biases (their code), or reinitialised (JAX code of He et al.).",
        unit="name",
        default="compensate",
    )

    def check(self, network: NetworkView) -> None:
        """Refuse networks that name no units."""
        check_units(self, network)

    def after_step(self, context: HookContext) -> None:
        """Count this step into the utilities, and renew what is due."""
        memory = self._memory(context)
        self._count_in(context, memory)
        if context.step > self.maturity:
            mature = memory.age > self.maturity
            memory.due.add_(memory.per_layer(mature), alpha=self.replacement_rate)
            self._replace(context, memory)

    def stretch(self, context: HookContext) -> int:
        """Return any number of steps: the compiled loop counts, and stops where a unit is due."""
        return sys.maxsize

    def compiled(self, context: HookContext) -> Utilities:
        """Return ages, running means and what is due, which the compiled loop counts on from here."""
        memory = self._memory(context)
        magnitudes = torch.zeros_like(memory.utility)
        if self.weights_every > 1:
            magnitudes = context.state.setdefault("magnitudes", magnitudes)
        age, mean, utility, due = (part.numpy() for part in (memory.age, memory.mean, memory.utility, memory.due))
        return Utilities(
            age=age,
            mean=mean,
            utility=utility,
            magnitudes=magnitudes.numpy(),
            share=(1 - self.decay**age).astype(np.float32),
            due=due,
            unit_at=np.cumsum([0, *memory.sizes]),
            rate=self.replacement_rate,
            decay=self.decay,
            maturity=self.maturity,
            weights_every=self.weights_every,
            adaptable=self.utility == "adaptable_contribution",
            taken=context.step,
        )

    def after_stretch(self, context: HookContext, steps: Steps) -> None:
        """Renew what is due."""
        self._replace(context, self._memory(context))

    def _replace(self, context: HookContext, memory: "_Memory") -> None:
        """Renew as many of each layer's mature units of least utility as are due."""
        if float(memory.due.max()) < 1:
            return
        mature = memory.age > self.maturity
        share = 1 - self.decay**memory.age
        ranked = (memory.utility / share).masked_fill_(~mature, torch.inf)
        due = [int(count) for count in memory.due.tolist()]
        memory.due.frac_()
        chosen = [utility.topk(n, largest=False).indices for utility, n in zip(memory.split(ranked), due, strict=True)]
        means = memory.split(memory.mean / share)
        for place, (layer, units) in enumerate(zip(context.network.units, chosen, strict=True)):
            if len(units):
                self._renew(context, layer, units, means[place])
                for kept in (memory.age, memory.mean, memory.utility):
                    memory.split(kept)[place][units] = 0

    def _memory(self, context: HookContext) -> "_Memory":
        biases = [context.parameters[f"{units.incoming}.bias"] for units in context.network.units]
        sizes = [len(bias) for bias in biases]
        if "age" not in context.state:
            for name in ("age", "mean", "utility"):
                context.state[name] = biases[0].new_zeros(sum(sizes))
            context.state["due"] = biases[0].new_zeros(len(sizes), dtype=torch.float64)
        age, mean, utility, due = (context.state[name] for name in ("age", "mean", "utility", "due"))
        return _Memory(age, mean, utility, due, sizes)

    def _count_in(self, context: HookContext, memory: "_Memory") -> None:
        """Update the running means."""
        layers = _side_by_side(context.forward.layers, memory.mean.dtype)
        memory.age.add_(1)
        output = _over_layers([layer.mean(0) for layer in layers])
        memory.mean.lerp_(output, 1 - self.decay)
        if self.utility == "adaptable_contribution":
            centre = memory.mean / (1 - self.decay**memory.age)
            sizes = [layer.shape[1] for layer in layers]
            layers = [layer - part for layer, part in zip(layers, centre.split(sizes), strict=True)]
        if self.utility == "contribution" and all(each.activation == "relu" for each in context.network.units):
            gained = output  # which is never negative
        else:
            gained = _over_layers([layer.abs().mean(0) for layer in layers])
        memory.utility.lerp_(gained * self._magnitudes(context, memory.sizes), 1 - self.decay)

    def _magnitudes(self, context: HookContext, sizes: Sequence[int]) -> Tensor:
        """Return what the weights contribute to a unit's utility, those of all layers side by side.

        Sums stand for means: within a layer, where units are compared, they are of as many weights.
        """
        kept = context.state.get("magnitudes")
        if kept is not None and context.step % self.weights_every:
            return kept
        units, parameters = context.network.units, context.parameters
        found = torch.cat([_outgoing(parameters, *pair) for pair in zip(units, sizes, strict=True)])
        if self.utility == "adaptable_contribution":
            incoming = [parameters[f"{each.incoming}.weight"].flatten(1).abs().sum(1) for each in units]
            found /= torch.cat(incoming)
        if self.weights_every > 1:
            context.state["magnitudes"] = found
        return found

    def _renew(self, context: HookContext, layer: Units, chosen: Tensor, mean: Tensor) -> None:
        if self.outgoing == "compensate":
            weight, bias = (context.parameters[f"{layer.outgoing}.{part}"] for part in ("weight", "bias"))
            given = columns(weight, len(mean))[:, chosen].flatten(2).sum(2)
            bias.add_(given @ mean[chosen])
        renew(context, layer, chosen, "redraw" if self.outgoing == "redraw" else "zero")


def _side_by_side(layers: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """Return layers (images and places, units): a single one where all have as many images, as few operations cost."""
    if all(layer.dim() == 2 for layer in layers):
        return [_over_layers(layers, 1).to(dtype)]
    return [over_images(layer).to(dtype) for layer in layers]


def _over_layers(parts: Sequence[Tensor], dimension: int = 0) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dimension)


def _outgoing(parameters: Mapping[str, Tensor], units: Units, count: int) -> Tensor:
    """Return the sum of the |weights| that read each unit of a layer."""
    weight = parameters[f"{units.outgoing}.weight"]
    if weight.dim() == 2 and weight.shape[1] == count:
        return weight.abs().sum(0)
    readers = columns(weight, count).abs()
    return readers.sum([place for place in range(readers.dim()) if place != 1])


@dataclass(frozen=True)
class _Memory:
    """What is kept of all units, those of all layers side by side, as it stands in the hook's state.

    Attributes:
        age: Steps since a unit was new.
        mean: Running mean of its output.
        utility: Running mean of what it is good for.
        due: Per layer, replacements that are due.
        sizes: Units of each layer.
    """

    age: Tensor
    mean: Tensor
    utility: Tensor
    due: Tensor
    sizes: list[int]

    def split(self, values: Tensor) -> Sequence[Tensor]:
        """Return the parts of each layer, as views."""
        return values.split(self.sizes)

    def per_layer(self, values: Tensor) -> Tensor:
        """Return the sum of each layer, in float64."""
        return torch.stack([part.sum(dtype=torch.float64) for part in self.split(values)])
