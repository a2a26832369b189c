"""A task of fewer classes than networks have outputs: the first outputs alone are trained, the others rest."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plasticity.training.online.stack import Network, Stack

_HOOKS, _PENALTY = "hooks/", "penalty/"  # what is kept of a network, and not of each of its weights


def with_outputs(stack: Stack, number: int) -> Stack:
    """Return a copy with the first outputs of the last layer alone.

    What the penalty keeps of the networks begins anew, as it may be as long as their outputs.
    """
    parts = _first([*stack.weights, *stack.biases], number)
    kept = {
        name: [array.copy() for array in arrays] if name.startswith(_HOOKS) else _first(arrays, number)
        for name, arrays in stack.kept.items()
        if not name.startswith(_PENALTY)
    }
    layers = len(stack.weights)
    return Stack(tuple(parts[:layers]), tuple(parts[layers:]), stack.names, kept)


def put_outputs(stack: Stack, part: Stack) -> None:
    """Overwrite a stack, but for its further outputs, by the copy of `with_outputs` after training."""
    mine = [*stack.weights, *stack.biases]
    _overwrite(mine, [*part.weights, *part.biases])
    for name, theirs in part.kept.items():
        if name.startswith(_PENALTY):
            continue
        whole = theirs if name.startswith(_HOOKS) else mine
        shapes = [() if array.ndim == 1 else full.shape[1:] for array, full in zip(theirs, whole, strict=True)]
        _overwrite(stack.keep(name, shapes, theirs[0].dtype), theirs)


def network_with_outputs(network: Mapping[str, NDArray], head: Collection[str], number: int) -> Network:
    """Return a network's tensors, or what is kept of each as "slot/name", with the first outputs of its head alone."""
    return {
        name: np.ascontiguousarray(value[:number]) if name.rpartition("/")[2] in head and value.ndim else value
        for name, value in network.items()
    }


def _first(arrays: Sequence[NDArray], number: int) -> list[NDArray]:
    """Return copies of an array per parameter, weights before biases, with the last layer's first outputs."""
    heads = {len(arrays) // 2 - 1, len(arrays) - 1}
    return [
        np.array(array[..., :number] if place in heads and array.ndim > 1 else array, order="C")  # a count stays
        for place, array in enumerate(arrays)
    ]


def _overwrite(arrays: Sequence[NDArray], others: Sequence[NDArray]) -> None:
    for mine, theirs in zip(arrays, others, strict=True):
        mine[..., : theirs.shape[-1]] = theirs
