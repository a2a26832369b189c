"""Hidden units renewed one by one, for hooks that find those of no use."""

from collections.abc import Collection, Iterator
from typing import Literal

import torch
from torch import Tensor

from plasticity.errors import PlasticityError
from plasticity.models.units import Units
from plasticity.training.components import title
from plasticity.training.forward import NetworkView
from plasticity.training.hooks.step_hook import HookContext, StepHook

Outgoing = Literal["zero", "redraw"]


def check_units(hook: StepHook, network: NetworkView, activations: Collection[str] = ()) -> None:
    """Refuse a network whose units this hook cannot renew.

    Args:
        hook: The hook, for the message.
        network: The network.
        activations: Nonlinearities that it means something for; all if there is none.

    Raises:
        PlasticityError: If the network names no units, or has another nonlinearity.
    """
    if not network.units:
        expected = "a network whose hidden units are read by the next layer alone, such as mlp or convnet_dohare"
        raise PlasticityError(f"{title(hook)}: expected {expected}, with one output per unit, got another")
    odd = {units.activation for units in network.units} - set(activations)
    if activations and odd:
        expected = f"the activation {' or '.join(activations)}"
        raise PlasticityError(f"{title(hook)}: expected {expected}, got {', '.join(sorted(odd))}")


def columns(weight: Tensor, units: int) -> Tensor:
    """Return a view (out, units, ...) of the weights that read units, several each behind a flattened convolution."""
    return weight.unflatten(1, (units, -1))


def over_images(layer: Tensor) -> Tensor:
    """Return (images and places, units) of the outputs (B, units, ...) of a layer."""
    return layer if layer.dim() == 2 else layer.movedim(1, -1).flatten(0, -2)


def renew(context: HookContext, units: Units, chosen: Tensor, outgoing: Outgoing = "zero") -> None:
    """Renew some units of a layer: incoming weights as initialised, outgoing ones zero or as initialised.

    The optimizer forgets what it keeps of these weights, but for the count of steps, which a whole tensor shares.

    Args:
        context: The network; random numbers are those of this step and layer.
        units: The layer.
        chosen: Numbers of its units (k,), int64.
        outgoing: What becomes of the weights that read them.
    """
    generator, parameters = context.generator(units.incoming), context.parameters
    weight, bias = (parameters[f"{units.incoming}.{part}"] for part in ("weight", "bias"))
    count = len(bias)
    weight[chosen] = _uniform(weight[chosen], units.bound, generator)
    bias[chosen] = _uniform(bias[chosen], units.bias_bound, generator)
    if units.norm:
        parameters[f"{units.norm}.weight"][chosen] = 1
        parameters[f"{units.norm}.bias"][chosen] = 0
    readers = columns(parameters[f"{units.outgoing}.weight"], count)
    bound = units.outgoing_bound if outgoing == "redraw" else 0.0
    readers[:, chosen] = _uniform(readers[:, chosen], bound, generator)
    for layer in (units.incoming, units.norm):
        for slot in _slots(context, [f"{layer}.weight", f"{layer}.bias"] if layer else []):
            slot[chosen] = 0
    for slot in _slots(context, [f"{units.outgoing}.weight"]):
        columns(slot, count)[:, chosen] = 0


def _slots(context: HookContext, names: list[str]) -> Iterator[Tensor]:
    for name in names:
        yield from (slot for slot in context.optimizer.slots_of(name).values() if slot.dim())


def _uniform(like: Tensor, bound: float, generator: torch.Generator) -> Tensor:
    """Return numbers from U(±bound) in the shape of a tensor; the CPU draws for all devices."""
    if not bound:
        return torch.zeros_like(like)
    drawn = torch.empty(like.shape, dtype=like.dtype).uniform_(-bound, bound, generator=generator)
    return drawn.to(like.device)
