"""Online learning of a stack of networks, each on its own stream of images: by the kernel or by stacked tensors."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.config.parameters import built_in_fact, defaults, fact, parameters
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.online.compiled import compiled_network, initial_weight, pull_of
from plasticity.training.online.origin import Origin
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import Stack


def stacked_for(training: Optimisation) -> str:
    """Return what the compiled kernel cannot do; empty where it can do all.

    It does plain SGD with one image per step, and what penalties and hooks say of themselves, one hook at most.
    """
    optimizer, penalty, hooks = training.optimizer, training.penalty, training.hooks or ()
    compiled = len(hooks) <= 1 and all(_compiled(hook, training) for hook in hooks)
    rate = training.learning_rate * pull_of(training)
    reasons = {
        f"{training.batch_size} images per step": training.batch_size > 1,
        f"penalty {penalty and penalty.name}": not _in_loop("penalty", penalty),
        f"learning_rate times the pull of {penalty and penalty.name} = {rate:g}": initial_weight(training) > 0
        and rate >= 1,
        f"optimizer {optimizer and optimizer.name}": not _plain(optimizer),
        f"momentum {training.momentum:g}": bool(training.momentum),
        f"hooks {', '.join(hook.name for hook in hooks)}": not compiled,
    }
    return ", ".join(reason for reason, given in reasons.items() if given)


def _in_loop(kind: str, chosen: Chosen | None) -> bool:
    """Say whether the kernel can do a component's part of each step."""
    return chosen is None or bool(built_in_fact(kind, chosen.name, "in_compiled_loop", usual=False))


def _plain(optimizer: Chosen | None) -> bool:
    """Say whether the kernel takes an optimizer's steps: as it is by default, without Nesterov's momentum."""
    if optimizer is None or not _in_loop("optimizer", optimizer):
        return optimizer is None
    usual = defaults(parameters("optimizer", optimizer.name))
    return {**usual, **optimizer.parameters} == usual


def _compiled(hook: Chosen, training: Optimisation) -> bool:
    """Say whether the kernel can train by a hook; it shrinks weights by their scale, which is not to shrink θ₀."""
    factor = fact("hook", hook.name, "shrinks_by", usual="")
    refused = bool(factor) and (initial_weight(training) > 0 or not hook.parameters[factor])
    return not refused and bool(fact("hook", hook.name, "in_stretches", usual=False))


def by_kernel(training: Optimisation) -> bool:
    """Say whether the compiled kernel can do it."""
    return not stacked_for(training)


@dataclass(frozen=True)
class OnlineRecord:
    """What a stream showed of R networks.

    Attributes:
        correct: Predictions made before the update that were right, per block of steps: int64 of shape (R, blocks).
        images: Images of each block, int64 (blocks,).
        diverged: Networks whose outputs or weights stopped being finite, bool (R,); their training ended there.
    """

    correct: NDArray[np.int64]
    images: NDArray[np.int64]
    diverged: NDArray[np.bool_]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Online accuracy over the whole stream, shape (R,); NaN for a network that diverged."""
        return np.where(self.diverged, np.nan, self.correct.sum(axis=1) / max(self.images.sum(), 1))


def train_online(
    stack: Stack,
    pixels: Pixels,
    orders: NDArray[np.int64],
    optimisation: Optimisation,
    *,
    block: int | None = None,
    device: str = "cpu",
    threads: int = 1,
    origin: Origin | None = None,
) -> OnlineRecord:
    """Train every network of the stack on its stream, in place, and count right predictions made before each update.

    What `stacked_for` has nothing against goes through the compiled kernel on a CPU, replicas side by side on the
    threads; the rest and GPUs go through stacked tensors. By the kernel, a network's
    numbers depend on neither the other networks nor the threads; by stacked tensors they do so only in rounding.

    Args:
        stack: R networks.
        pixels: The images.
        orders: Rows of the images in the order of the stream, int64 of shape (R, n), equally long for all.
        optimisation: How to train.
        block: Steps per block of the record; None is one block.
        device: Where stacked tensors are; "cpu", "cuda".
        threads: CPU threads for the kernel.
        origin: Where the networks come from, for hooks.

    Raises:
        PlasticityError: If shapes do not fit, rows are out of range, weights are not finite or the decay is no decay.
    """
    _check(stack, pixels, orders, optimisation)
    if device == "cpu" and by_kernel(optimisation):
        hits, steps = _by_kernel(stack, pixels, orders, optimisation, threads, origin or Origin([0] * len(stack)))
    else:
        from plasticity.training.online.stacked import train_stacked  # noqa: PLC0415 - the kernel's users need no torch

        hits = train_stacked(stack, pixels, orders, optimisation, device, origin)
        steps = np.full(len(stack), orders.shape[1])
    span = (block or orders.shape[1]) * optimisation.batch_size
    starts = np.arange(0, orders.shape[1], span)
    counts = np.diff(np.array([*starts, orders.shape[1]], np.int64))
    diverged = (steps < orders.shape[1]) | ~stack.finite()
    return OnlineRecord(np.add.reduceat(hits, starts, axis=1, dtype=np.int64), counts, diverged)


def _check(stack: Stack, pixels: Pixels, orders: NDArray[np.int64], optimisation: Optimisation) -> None:
    sizes = stack.sizes
    if (sizes[0], sizes[-1]) != (pixels.num_pixels, pixels.num_classes):
        expected = f"{pixels.num_pixels} inputs and {pixels.num_classes} classes"
        raise PlasticityError(f"network: expected {expected}, as the images have, got {sizes[0]} and {sizes[-1]}")
    if orders.ndim != 2 or len(orders) != len(stack) or not orders.shape[1]:
        raise PlasticityError(f"orders: expected {len(stack)} streams of at least one image, got shape {orders.shape}")
    if orders.min() < 0 or orders.max() >= len(pixels):
        raise PlasticityError(f"orders: expected rows 0 to {len(pixels) - 1}, got {orders.min()} to {orders.max()}")
    if pixels.labels.shape not in {(len(pixels),), (len(stack), len(pixels))}:
        expected = f"{len(pixels)} for all networks, or for each of {len(stack)}"
        raise PlasticityError(f"labels: expected {expected}, got shape {pixels.labels.shape}")
    if not stack.finite().all():
        raise PlasticityError(f"network {int(np.argmin(stack.finite()))}: expected finite weights, got others")
    decay = optimisation.learning_rate * optimisation.weight_decay
    if not (optimisation.learning_rate > 0 and 0 <= decay < 1):
        raise PlasticityError(
            f"expected a positive learning rate whose product with the weight decay is from 0 to below 1, "
            f"got {optimisation.learning_rate:g} and a product of {decay:g}"
        )


def _by_kernel(
    stack: Stack,
    pixels: Pixels,
    orders: NDArray[np.int64],
    optimisation: Optimisation,
    threads: int,
    origin: Origin,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return right predictions (R, n) and steps done (R,)."""
    hits, replicas = np.zeros(orders.shape, np.bool_), range(len(stack))
    parts = [stack.take([replica]) for replica in replicas]  # a thread each; what a stack keeps is changed by this one
    own = [replace(pixels, labels=pixels.labels_of(replica)) for replica in replicas]
    with ThreadPoolExecutor(max(1, min(threads, len(stack)))) as pool:
        jobs = [
            pool.submit(_train_one, optimisation, part, images, order, right, origin.of([replica]))
            for replica, (part, images, order, right) in enumerate(zip(parts, own, orders, hits, strict=True))
        ]
        try:
            steps = np.array([job.result() for job in jobs])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # told to stop: do not train the networks that wait
            raise
    for replica, part in enumerate(parts):
        stack.put([replica], part)
    return hits, steps


def _train_one(
    optimisation: Optimisation,
    stack: Stack,
    pixels: Pixels,
    order: NDArray[np.int64],
    hits: NDArray[np.bool_],
    origin: Origin,
) -> int:
    """Train a stack of one network; return the steps that it took before its outputs stopped being finite."""
    order = np.ascontiguousarray(order)
    if not optimisation.hooks:
        return compiled_network(stack, optimisation, pixels).train(order, hits)
    from plasticity.training.online.stretches import train_in_stretches  # noqa: PLC0415 - as with stacked tensors

    return train_in_stretches(stack, pixels, order, optimisation, hits, origin)
