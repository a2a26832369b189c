"""Continual backprop: a few units of least utility are renewed all the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.linalg import vector_norm

from plasticity.config.settings import setting
from plasticity.models.units import Units
from plasticity.training.forward import NetworkView
from plasticity.training.hooks.step_hook import HookContext, StepHook
from plasticity.training.renewal import check_units, columns, over_images, renew

Utility = Literal["contribution", "adaptable_contribution"]


class ContinualBackprop(StepHook, name="continual_backprop"):
    """Renew mature units of least utility at a constant rate (Dohare et al. 2024, algorithm 1).

    contribution: mean |h| times mean |outgoing weight|; adaptable_contribution: mean |h − ĥ| times mean |outgoing
    weight| over mean |incoming weight|, ĥ the running mean of h. A running mean of that, corrected for its start, is
    the utility; a layer's replacements add up until they make a whole unit.
    """

    reads_layers: ClassVar[bool] = True

    replacement_rate: float = setting(
        "Share of a layer's mature units that is renewed in a step; 1e-6 to 1e-4 in Dohare et al. (2024).",
        unit="1 per step",
        gt=0,
        lt=1,
    )
    maturity: int = setting("Steps for which a new unit is left alone.", unit="steps", default=100, ge=1)
    decay: float = setting("Decay of the running means.", unit="1", default=0.99, ge=0, lt=1)
    utility: Utility = setting("What a unit is good for.", unit="name", default="contribution")
    outgoing: Literal["zero", "compensate", "redraw"] = setting(
        "Outgoing weights of a renewed unit: zero (Dohare et al. 2024, as printed), zero with what the unit gave on "
        "average added to the biases behind (their code), or drawn anew (JAX code of He et al.).",
        unit="name",
        default="compensate",
    )

    def check(self, network: NetworkView) -> None:
        """Refuse networks that name no units."""
        check_units(self, network)

    def after_step(self, context: HookContext) -> None:
        """Count this step into the utilities, and renew what is due."""
        units, memory = context.network.units, self._memory(context)
        memory.age.add_(1)
        current = self._count_in(context, units, memory)
        if context.step <= self.maturity:
            return
        mature = [age > self.maturity for age in memory.age.split(memory.sizes)]
        memory.due.add_(torch.stack([part.sum() for part in mature]), alpha=self.replacement_rate)
        due = memory.due.tolist()
        if max(due) < 1:
            return
        utilities = (memory.utility / current).split(memory.sizes)
        for place, (layer, old, utility) in enumerate(zip(units, mature, utilities, strict=True)):
            if due[place] >= 1:
                chosen = utility.masked_fill(~old, torch.inf).topk(int(due[place]), largest=False).indices
                memory.due[place] -= len(chosen)
                self._renew(context, layer, chosen, memory.part(place), current.split(memory.sizes)[place])

    def _memory(self, context: HookContext) -> "_Memory":
        biases = [context.parameters[f"{units.incoming}.bias"] for units in context.network.units]
        sizes, like = [len(bias) for bias in biases], biases[0]
        if "age" not in context.state:
            for name in ("age", "mean", "utility"):
                context.state[name] = like.new_zeros(sum(sizes))
            context.state["due"] = like.new_zeros(len(sizes), dtype=torch.float64)
        return _Memory(sizes=sizes, **context.state)

    def _count_in(self, context: HookContext, units: Sequence[Units], memory: "_Memory") -> Tensor:
        """Update the running means; return the shares of them that have been counted, 1 − decay^age."""
        share, parameters = 1 - self.decay**memory.age, context.parameters
        layers = [over_images(layer).to(share.dtype) for layer in context.forward.layers]
        memory.mean.lerp_(torch.cat([layer.mean(0) for layer in layers]), 1 - self.decay)
        if self.utility == "adaptable_contribution":
            centres = (memory.mean / share).split(memory.sizes)
            layers = [layer - centre for layer, centre in zip(layers, centres, strict=True)]
        gained = torch.cat([layer.abs().mean(0) for layer in layers])
        gained *= _strengths(parameters, units, incoming=False)
        if self.utility == "adaptable_contribution":
            gained /= _strengths(parameters, units, incoming=True)
        memory.utility.lerp_(gained, 1 - self.decay)
        return share

    def _renew(self, context: HookContext, layer: Units, chosen: Tensor, memory: "_Memory", share: Tensor) -> None:
        if self.outgoing == "compensate":
            weight, bias = (context.parameters[f"{layer.outgoing}.{part}"] for part in ("weight", "bias"))
            given = columns(weight, len(share))[:, chosen].flatten(2).sum(2)
            bias.add_(given @ (memory.mean / share)[chosen])
        renew(context, layer, chosen, "redraw" if self.outgoing == "redraw" else "zero")
        for kept in (memory.age, memory.mean, memory.utility):
            kept[chosen] = 0


def _strengths(parameters: Mapping[str, Tensor], units: Sequence[Units], *, incoming: bool) -> Tensor:
    """Return the mean |weight| into every unit, or out of it, those of all layers side by side."""
    found = []
    for each in units:
        weight = parameters[f"{each.incoming}.weight"]
        if incoming:
            found.append(vector_norm(weight.flatten(1), 1, 1) / weight[0].numel())
        else:
            readers = columns(parameters[f"{each.outgoing}.weight"], len(weight))
            found.append(_sum_of_absolutes(readers) * (len(weight) / readers.numel()))
    return torch.cat(found)


def _sum_of_absolutes(readers: Tensor) -> Tensor:
    """Return the sum over all but the second dimension, in one pass over the weights."""
    return vector_norm(readers, 1, [place for place in range(readers.dim()) if place != 1])


@dataclass(frozen=True)
class _Memory:
    """What is kept of all units, side by side, as views of the hook's state.

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

    def part(self, place: int) -> "_Memory":
        """Return that of one layer."""
        age, mean, utility = (kept.split(self.sizes)[place] for kept in (self.age, self.mean, self.utility))
        return _Memory(age, mean, utility, self.due[place], [self.sizes[place]])
