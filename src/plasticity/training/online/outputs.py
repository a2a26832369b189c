"""A task of fewer classes than networks have outputs: the first outputs alone are trained, the others rest."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plasticity.training.online.stack import Network, Stack

PENALTY = "penalty/"
"""Before what the penalty keeps of a network in the names of `Stack.kept`."""
_HOOKS, _PENALTIES = "hooks/", "penalty"  # what is kept of a network, and not of each of its weights


def with_outputs(stack: Stack, number: int) -> Stack:
    """Return a copy with the first outputs of the last layer alone.

    What the penalty keeps may be as long as the outputs: it begins anew with another number of them.
    """
    depth, mine = len(stack.weights), penalty_of_first(number)
    kept = {
        name.replace(mine, PENALTY): [array.copy() for array in arrays]
        if name.startswith((_HOOKS, mine))
        else _first(arrays, depth, number)
        for name, arrays in stack.kept.items()
        if name.startswith(mine) or not name.startswith(_PENALTIES)
    }
    return stack.with_parts(_first(stack.parts, depth, number), kept)


def put_outputs(stack: Stack, part: Stack) -> None:
    """Overwrite a stack, but for its further outputs, by the copy of `with_outputs` after training."""
    _overwrite(stack.parts, part.parts)
    of_penalty = penalty_of_first(part.sizes[-1])
    for name, theirs in part.kept.items():
        whole = theirs if name.startswith((_HOOKS, PENALTY)) else stack.parts
        shapes = [() if array.ndim == 1 else full.shape[1:] for array, full in zip(theirs, whole, strict=True)]
        _overwrite(stack.keep(name.replace(PENALTY, of_penalty), shapes, theirs[0].dtype), theirs)


def network_with_outputs(network: Mapping[str, NDArray], head: Collection[str], number: int) -> Network:
    """Return a network's tensors, or what is kept of each as "slot/name", with the first outputs of its head alone."""
    return {
        name: np.ascontiguousarray(value[:number]) if name.rpartition("/")[2] in head and value.ndim else value
        for name, value in network.items()
    }


def penalty_of_first(number: int) -> str:
    """Return before what a stack of more outputs keeps of the penalty on so many of them."""
    return f"penalty of {number}/"


def _first(arrays: Sequence[NDArray], depth: int, number: int) -> list[NDArray]:
    """Return copies of an array per parameter, as `Stack.parts`, with the first outputs of the last of depth layers."""
    heads = {depth - 1, 2 * depth - 1}
    return [
        np.array(array[..., :number] if place in heads and array.ndim > 1 else array, order="C")  # a count stays
        for place, array in enumerate(arrays)
    ]


def _overwrite(arrays: Sequence[NDArray], others: Sequence[NDArray]) -> None:
    for mine, theirs in zip(arrays, others, strict=True):
        mine[..., : theirs.shape[-1]] = theirs
