"""Online learning of a stack of networks, each on its own stream of images: by the kernel or by stacked tensors."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.online.origin import Origin
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import Stack

_PAD = 16  # floats of the widest common vector unit; rows of whole vectors need no scalar remainder


def stacked_for(training: Optimisation) -> str:
    """Return what the compiled kernel, plain SGD with one image per step, cannot do; empty where it can do all."""
    optimizer, penalty, hooks = training.optimizer, training.penalty, training.hooks or ()
    plain = optimizer is None or (optimizer.name == "sgd" and not optimizer.parameters.get("nesterov"))
    reasons = {
        f"{training.batch_size} images per step": training.batch_size > 1,
        f"penalty {penalty and penalty.name}": penalty is not None and penalty.name != "none",
        f"optimizer {optimizer and optimizer.name}": not plain,
        f"momentum {training.momentum:g}": bool(training.momentum),
        f"hooks {', '.join(hook.name for hook in hooks)}": bool(hooks),
    }
    return ", ".join(reason for reason, given in reasons.items() if given)


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

    Plain SGD with one image per step on a CPU goes through the compiled kernel, replicas side by side on the threads;
    larger batches, penalties, other optimizers, hooks and GPUs go through stacked tensors. By the kernel, a network's
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
        hits, steps = _by_kernel(stack, pixels, orders, optimisation, threads)
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
            f"expected a positive learning rate, and less than 1 of it times the weight decay, "
            f"got {optimisation.learning_rate:g} and {decay:g}"
        )


def _by_kernel(
    stack: Stack, pixels: Pixels, orders: NDArray[np.int64], optimisation: Optimisation, threads: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return right predictions (R, n) and steps done (R,)."""
    hits = np.zeros(orders.shape, np.bool_)
    with ThreadPoolExecutor(max(1, min(threads, len(stack)))) as pool:
        jobs = [
            pool.submit(_train_one, stack, replica, pixels, np.ascontiguousarray(orders[replica]), optimisation, hits)
            for replica in range(len(stack))
        ]
        try:
            return hits, np.array([job.result() for job in jobs])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # told to stop: do not train the networks that wait
            raise


def _train_one(
    stack: Stack,
    replica: int,
    pixels: Pixels,
    order: NDArray[np.int64],
    optimisation: Optimisation,
    hits: NDArray[np.bool_],
) -> int:
    from plasticity.training.online import kernel  # noqa: PLC0415 - numba is loaded where it is used

    layers = _layers(stack, replica)
    images = kernel.Images(pixels.starts, pixels.columns, pixels.values, pixels.labels_of(replica))
    rates = float(optimisation.learning_rate), float(optimisation.weight_decay)
    steps = kernel.train(layers, images, order, *rates, hits[replica], kernel.workspace(layers.sizes))
    _write_back(stack, replica, layers)
    return int(steps)


def _layers(stack: Stack, replica: int) -> Any:
    """Lay one network out for the kernel; hidden layers get units without any weight up to a multiple of the pad.

    Such a unit's output is zero, so it is never active: it costs a slot in a row, and nothing ever changes in it.
    """
    from plasticity.training.online import kernel  # noqa: PLC0415

    *hidden, classes = stack.sizes[1:]
    sizes = np.array([stack.sizes[0], *(-(-units // _PAD) * _PAD for units in hidden), classes])
    matrices, biases = [], []
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        matrix, padded = np.zeros(sizes[layer : layer + 2], np.float32), np.zeros(sizes[layer + 1], np.float32)
        matrix[: weight.shape[1], : weight.shape[2]] = weight[replica]
        padded[: bias.shape[1]] = bias[replica]
        matrices.append(matrix.ravel())
        biases.append(padded)
    ends = [np.cumsum([0, *(part.size for part in parts)]) for parts in (matrices, biases)]
    return kernel.Layers(np.concatenate(matrices), np.concatenate(biases), sizes, *ends)


def _write_back(stack: Stack, replica: int, layers: Any) -> None:
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        matrix = layers.stored[layers.matrix_at[layer] : layers.matrix_at[layer + 1]]
        matrix = matrix.reshape(layers.sizes[layer], layers.sizes[layer + 1])
        weight[replica] = matrix[: weight.shape[1], : weight.shape[2]]
        bias[replica] = layers.biases[layers.bias_at[layer] : layers.bias_at[layer + 1]][: bias.shape[1]]
