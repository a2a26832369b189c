"""What a stack keeps of one replica, as interventions, checkpoints and penalties see it: by parameter."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plasticity.training.interventions.intervention import NetworkState
from plasticity.training.online.stack import INITIAL, Network, Stack
from plasticity.training.optimisers.optimiser import STEPS

OPTIMIZER = "optimizer/"
"""Before an optimizer's slot in the names of `Stack.kept`."""
_OF_METHODS = ("hooks/", "penalty")


def slot_arrays(stack: Stack, slot: str) -> list[NDArray]:
    """Return what the stack keeps in an optimizer's slot, one array per parameter, zeros where there was nothing."""
    shapes = [() if slot == STEPS else part.shape[1:] for part in stack.parts]
    return stack.keep(OPTIMIZER + slot, shapes, np.dtype(np.int64 if slot == STEPS else np.float32))


def keep_initial(stack: Stack, networks: Sequence[Network]) -> None:
    """Have the stack keep the networks that its replicas began their lives with."""
    arrays = stack.keep(INITIAL, [part.shape[1:] for part in stack.parts], np.dtype(np.float32))
    for replica, network in enumerate(networks):
        stack.set_replica(replica, arrays, network)


def state_of(stack: Stack, replica: int, fresh: Network) -> NetworkState:
    """Return a replica as interventions see it.

    Args:
        stack: The stack.
        replica: Its place.
        fresh: A freshly initialised network.
    """
    return NetworkState(
        weights=stack.network(replica),
        fresh=fresh,
        head=[f"{stack.names[-1]}.{part}" for part in ("weight", "bias")],
        optimizer=optimizer_of(stack, replica),
        initial=stack.of_replica(replica, stack.kept[INITIAL]) if INITIAL in stack.kept else {},
    )


def put_state(stack: Stack, replica: int, state: NetworkState) -> None:
    """Overwrite a replica."""
    stack.set_replica(replica, stack.parts, state.weights)
    put_optimizer(stack, replica, state.optimizer)
    if state.reborn:
        for name, arrays in stack.kept.items():
            if name.startswith(_OF_METHODS):
                arrays[0][replica] = 0  # as of a replica that has not begun
    if INITIAL in stack.kept:
        stack.set_replica(replica, stack.kept[INITIAL], state.initial)


def optimizer_of(stack: Stack, replica: int) -> dict[str, Network]:
    """Return what the optimizer keeps of a replica, by parameter and slot."""
    found: dict[str, Network] = {}
    for name, arrays in stack.kept.items():
        if name.startswith(OPTIMIZER):
            for parameter, value in stack.of_replica(replica, arrays).items():
                found.setdefault(parameter, {})[name.removeprefix(OPTIMIZER)] = value
    return found


def put_optimizer(stack: Stack, replica: int, optimizer: Mapping[str, Mapping[str, NDArray]]) -> None:
    """Overwrite what the optimizer keeps of a replica; what is left out is forgotten."""
    kept = {name.removeprefix(OPTIMIZER) for name in stack.kept if name.startswith(OPTIMIZER)}
    for slot in sorted(kept.union(*optimizer.values())):
        values = {name: slots[slot] for name, slots in optimizer.items() if slot in slots}
        stack.set_replica(replica, slot_arrays(stack, slot), values)


def checkpoint_of(stack: Stack, replica: int) -> Network:
    """Return a replica's tensors for a checkpoint: the network's, and its optimizer's as "optimizer/<slot>/<name>"."""
    kept = optimizer_of(stack, replica).items()
    return stack.network(replica) | {
        f"{OPTIMIZER}{slot}/{name}": value for name, slots in kept for slot, value in slots.items()
    }


def parts_of(tensors: Mapping[str, NDArray]) -> tuple[Network, dict[str, Network]]:
    """Return network and optimizer of a checkpoint's tensors."""
    optimizer: dict[str, Network] = {}
    for key, value in tensors.items():
        if key.startswith(OPTIMIZER):
            slot, _, name = key.removeprefix(OPTIMIZER).partition("/")
            optimizer.setdefault(name, {})[slot] = value
    return {name: value for name, value in tensors.items() if not name.startswith(OPTIMIZER)}, optimizer
