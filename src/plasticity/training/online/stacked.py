"""Online learning of all networks of a stack at once, as batched matrix products: whatever the kernel cannot do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.storage.files import digest_of
from plasticity.training.bound_optimiser import BoundOptimiser, optimiser_of
from plasticity.training.components import NO_INITIAL
from plasticity.training.forward import Forward
from plasticity.training.online.origin import Origin
from plasticity.training.online.outputs import PENALTY
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.replicas import OPTIMIZER, slot_arrays
from plasticity.training.online.stack import Stack
from plasticity.training.online.tensor_stack import ReplicaSlots, ReplicaView, TensorStack
from plasticity.training.optimisers.optimiser import STEPS, kernels
from plasticity.training.penalties.penalty import Penalty, penalty_of, term_of, value_of
from plasticity.training.step_hooks import StepHooks, hooks_of
from plasticity.training.subnormals import subnormals_as_zero


@subnormals_as_zero()
def train_stacked(
    stack: Stack,
    pixels: Pixels,
    orders: NDArray[np.int64],
    optimisation: Optimisation,
    device: str,
    origin: Origin | None = None,
) -> NDArray[np.bool_]:
    """Train the stack in place; return which predictions before each update were right, bool of shape (R, n).

    Nothing waits for the device between two steps: right predictions stay there until the stream has ended. What the
    optimizer and hooks keep of each replica is carried in `stack.kept`.

    Args:
        stack: R networks.
        pixels: The images.
        orders: Rows of the images, int64 of shape (R, n).
        optimisation: How to train.
        device: Where to compute.
        origin: Where the networks come from, for hooks.
    """
    images, labels = torch.from_numpy(pixels.dense()).to(device), torch.from_numpy(pixels.labels).to(device)
    rows = torch.from_numpy(np.asarray(orders)).to(device)
    hits = np.empty(rows.shape, dtype=bool)
    origin = origin or Origin([0] * len(stack))
    for replicas in _in_step(stack):
        part = stack.take(replicas)
        training = stack_training(part, optimisation, device, origin.of(replicas))
        places = torch.tensor(replicas).to(device)
        theirs = rows.index_select(0, places)
        own = labels.index_select(0, places) if labels.dim() > 1 else None
        right = torch.empty(theirs.shape, dtype=torch.bool, device=device)
        for first in range(0, theirs.shape[1], optimisation.batch_size):
            batch = theirs[:, first : first + optimisation.batch_size]
            right[:, first : first + batch.shape[1]] = training.step(
                images[batch], labels[batch] if own is None else own.gather(1, batch)
            )
        hits[replicas] = right.cpu().numpy()
        training.write_back(part)
        stack.put(replicas, part)
    return hits


def _in_step(stack: Stack) -> Iterator[list[int]]:
    """Yield the replicas whose optimizers have counted as many steps, which can therefore be updated together."""
    counts = np.array(stack.kept.get(OPTIMIZER + STEPS, [np.zeros(len(stack))]))
    for count in np.unique(counts, axis=1).T:
        yield np.flatnonzero((count == counts.T).all(axis=1)).tolist()


@dataclass(frozen=True)
class StackTraining:
    """Replicas in training, all of which have taken as many steps.

    What hooks keep of a replica is in the stack under `kept_as`, what the penalty keeps under "penalty/".
    """

    networks: TensorStack
    optimizer: BoundOptimiser
    penalty: Penalty | None
    views: list[ReplicaView]
    hooks: list[StepHooks]
    kept_as: str

    def step(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Take a step on images (R, B, D); return which predictions before it were right, (R, B)."""
        features, logits = self.networks.forward(inputs)
        forwards, pull = [], _pull_of(self.penalty)
        if self.hooks or (self.penalty is not None and not pull):
            forwards = [Forward(*given) for given in zip(features, logits, labels, self.views, inputs, strict=True)]
        # As none shares a weight with another, each network gets its own gradient of the sum of their losses.
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
        loss = loss / labels.shape[1]
        if self.penalty is not None and not pull:
            for forward in forwards:
                loss = loss + term_of(self.penalty, value_of(self.penalty, forward))
        gradients = torch.autograd.grad(loss, self.networks.tensors)
        self.optimizer.step(self._pulled(gradients, pull) if pull else gradients)
        for hooks, forward in zip(self.hooks, forwards, strict=False):  # there may be no hooks
            hooks.after_step(forward)
        return logits.detach().argmax(-1) == labels

    @torch.no_grad()
    def _pulled(self, gradients: Sequence[Tensor], pull: float) -> Sequence[Tensor]:
        """Return the gradients with pull · (θ − θ₀) on top, of all replicas at once.

        Raises:
            PlasticityError: If the initial parameters are not kept.
        """
        if self.networks.initial is None:
            raise PlasticityError(NO_INITIAL)
        away = kernels._foreach_sub(self.networks.tensors, self.networks.initial)
        kernels._foreach_mul_(away, pull)
        kernels._foreach_add_(away, gradients)
        return away

    def write_back(self, stack: Stack) -> None:
        """Put everything into the stack's arrays."""
        for mine, trained in zip(stack.parts, self.networks.tensors, strict=True):
            mine[:] = trained.detach().cpu().numpy()
        slots = self.optimizer.state()
        for slot in self.optimizer.slots:
            for name, array in zip(self.networks.names, slot_arrays(stack, slot), strict=True):
                array[:] = slots[f"{slot}/{name}"].cpu().numpy()
        for replica, view in enumerate(self.views):
            hooks = self.hooks[replica].state() if self.hooks else {}
            for prefix, kept in ((self.kept_as, hooks), (PENALTY, view.kept)):
                for name, value in kept.items():
                    array = value.detach().cpu().numpy()
                    stack.keep(prefix + name, [array.shape], array.dtype)[0][replica] = array


def _pull_of(penalty: Penalty | None) -> float:
    """Return 2w of a penalty w · ‖θ − θ₀‖², whose gradient needs no automatic differentiation; 0 of all others."""
    return 2 * getattr(penalty, penalty.weighs_distance_by) if penalty and penalty.weighs_distance_by else 0.0


def stack_training(stack: Stack, optimisation: Optimisation, device: str, origin: Origin) -> StackTraining:
    """Return the training of a stack of replicas that have taken as many steps, with what it has kept of them."""
    networks = TensorStack(stack, device, origin.fresh, origin.units)
    optimizer = BoundOptimiser(
        optimiser_of(optimisation.optimizer),
        dict(zip(networks.names, networks.tensors, strict=True)),
        learning_rate=optimisation.learning_rate,
        momentum=optimisation.momentum,
        weight_decay=optimisation.weight_decay,
        stacked=True,
    )
    if all(OPTIMIZER + slot in stack.kept for slot in optimizer.slots):
        optimizer.load(_kept(stack, optimizer.slots))
    views = [ReplicaView(networks, replica, _kept_of(stack, replica, PENALTY)) for replica in range(len(stack))]
    penalty = penalty_of(optimisation.penalty)
    if penalty is not None:
        penalty.check(views[0])
    kept_as = f"hooks/{digest_of([hook.model_dump() for hook in optimisation.hooks or ()])[:8]}/"
    hooks = _hooks(stack, optimisation, views, optimizer, kept_as) if optimisation.hooks else []
    for seed, each in zip(origin.seeds, hooks, strict=False):
        each.begin(seed, origin.purpose)
    return StackTraining(networks, optimizer, penalty, views, hooks, kept_as)


def _hooks(
    stack: Stack, optimisation: Optimisation, views: list[ReplicaView], optimizer: BoundOptimiser, kept_as: str
) -> list[StepHooks]:
    """Return the hooks of every replica with what they have kept so far."""
    chosen, found = hooks_of(optimisation.hooks), []
    for view in views:
        hooks = StepHooks(chosen, view, ReplicaSlots(view.stack, optimizer, view.replica))
        kept = _kept_of(stack, view.replica, kept_as)
        if kept:
            hooks.load(kept)
        found.append(hooks)
    return found


def _kept_of(stack: Stack, replica: int, prefix: str) -> dict[str, Tensor]:
    """Return what is kept of a replica under a prefix; nothing where only others of the stack have begun."""
    found = {name: arrays[0][replica] for name, arrays in stack.kept.items() if name.startswith(prefix)}
    begun = any(np.any(value) for value in found.values())
    return {name.removeprefix(prefix): torch.from_numpy(np.array(value)) for name, value in found.items() if begun}


def _kept(stack: Stack, slots: tuple[str, ...]) -> Mapping[str, Tensor]:
    """Return what an optimizer keeps as it takes it: a count of steps, equal for all replicas, is a single number."""
    return {
        f"{slot}/{name}": torch.from_numpy(np.asarray(array[0]) if slot == STEPS else array)
        for slot in slots
        for name, array in zip(stack.parameters, stack.kept[OPTIMIZER + slot], strict=True)
    }
