"""Online SGD with one image per step: a plain PyTorch loop, stacked tensors and the compiled kernel, in one run.

    python benchmarks/online_sgd.py [--data results/data/mnist] [--hidden 100 100 100] [--steps 6000]

The network is the papers' 784-100-100-100-10; images are as dense as MNIST's unless --data names a prepared data set.
Ways take turns, and of each the shortest round counts: other work on the machine disturbs all of them alike.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from common import copy_bandwidth, cores, peak_flops, pixels_of, print_table
from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.config.training_section import Optimisation
from plasticity.models.model_registry import build_model
from plasticity.seeding import numpy_generator, torch_generator
from plasticity.storage.weights import weights_of
from plasticity.training.online.online_sgd import train_online
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import Stack, stack_of
from plasticity.training.online.stacked import train_stacked

HIDDEN = (100, 100, 100)
REPLICAS = 6
RATE = 0.01
IMAGES = 2000
ROUNDS = 9
SHARE = {"a PyTorch loop": 1 / 10, "stacked tensors": 1 / 20, "the kernel": 1.0}  # of --steps, so that none takes long
TRAINING = Optimisation(learning_rate=RATE)


@dataclass(frozen=True)
class Problem:
    """Images, a stream of them per replica, and the shape of a network for them."""

    pixels: Pixels
    orders: NDArray[np.int64]
    hidden: tuple[int, ...] = HIDDEN

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer from the input to the classes."""
        return (self.pixels.num_pixels, *self.hidden, self.pixels.num_classes)

    def stack(self, replicas: int) -> Stack:
        """Return fresh networks."""
        mlp, side = Chosen(**{"name": "mlp", "hidden": self.hidden}), (1, 1, self.pixels.num_pixels)
        models = [
            build_model(mlp, side, self.pixels.num_classes, torch_generator(seed, "init")) for seed in range(replicas)
        ]
        return stack_of([weights_of(model) for model in models])

    def part(self, steps: int) -> "Problem":
        """Return the problem with shorter streams."""
        return Problem(self.pixels, self.orders[:, : max(steps, 1)], self.hidden)


def problem_of(data: Path | None, steps: int, hidden: tuple[int, ...]) -> Problem:
    """Return images, and a stream of this length for each replica."""
    pixels = first_of(pixels_of(data), IMAGES)
    random = numpy_generator(0, "benchmark/orders")
    orders = np.stack([random.permutation(np.arange(steps) % len(pixels)) for _ in range(REPLICAS)])
    return Problem(pixels, orders, hidden)


def first_of(pixels: Pixels, count: int) -> Pixels:
    """Return the first images: stacked tensors lay all images out before they start."""
    end = pixels.starts[min(count, len(pixels))]
    arrays = pixels.starts[: count + 1], pixels.columns[:end], pixels.values[:end], pixels.labels[:count]
    return Pixels(*arrays, pixels.num_pixels, pixels.num_classes)


def plain_loop(problem: Problem, threads: int) -> int:
    """Train one network as the papers do, a module, a loss and an optimiser called image by image."""
    torch.set_num_threads(threads)
    images = torch.from_numpy(problem.pixels.dense(problem.orders[0]))
    labels = torch.from_numpy(problem.pixels.labels[problem.orders[0]])
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in pairwise(problem.sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    network, loss_of = torch.nn.Sequential(*layers[:-1]), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    correct = 0
    for image, label in zip(images.split(1), labels.split(1), strict=True):
        logits = network(image)
        correct += int(logits.argmax(1) == label)
        optimizer.zero_grad()
        loss_of(logits, label).backward()
        optimizer.step()
    return len(labels)


def stacked(problem: Problem, threads: int) -> int:
    """Train all replicas at once as batched matrix products."""
    torch.set_num_threads(threads)
    train_stacked(problem.stack(REPLICAS), problem.pixels, problem.orders, TRAINING, "cpu")
    return problem.orders.size


def kernel(problem: Problem, threads: int) -> int:
    """Train all replicas in the compiled loop, side by side on the threads."""
    train_online(problem.stack(REPLICAS), problem.pixels, problem.orders, TRAINING, threads=threads)
    return problem.orders.size


Way = Callable[[Problem, int], int]
"""Trains on a problem with some threads, and returns the steps of all replicas."""


@dataclass(frozen=True)
class Work:
    """What the kernel does in one step, on average: FLOPs by part of the step, bytes of rows that it moves."""

    flops: dict[str, float]
    row_bytes: float


def work_of(problem: Problem) -> Work:
    """Count what a step does: rows of active inputs only, a multiply-add as two operations.

    Forward reads an active row once. Backward reads it again for the error below, except in the first layer, and writes
    it. Active hidden units are counted on trained networks.
    """
    stack = problem.stack(1)
    train_online(stack, problem.pixels, problem.orders[:1], TRAINING)
    features = problem.pixels.dense(problem.orders[0][:1000])
    flops, first = {}, 0.0
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        active, width = float((features > 0).sum(1).mean()), weight.shape[2]
        flops[f"layer {layer + 1} forward"] = 2 * active * width
        flops[f"layer {layer + 1} update"] = (2 if layer == 0 else 4) * active * width
        if layer == 0:
            first = active * width * 4 * 3  # read forward, read and written backward
        features = np.maximum(features @ weight[0] + bias[0], 0)
    return Work(flops, first)


def speeds(problem: Problem) -> dict[str, dict[int, float]]:
    """Return replica-steps per second of every way, on one core and on all."""
    ways: dict[str, Way] = dict(zip(SHARE, (plain_loop, stacked, kernel), strict=True))
    kernel(problem.part(10), 1)  # compiles, or reads what was compiled before
    found: dict[str, dict[int, float]] = {name: dict.fromkeys((1, cores()), 0.0) for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            part = problem.part(int(problem.orders.shape[1] * SHARE[name]))
            for threads, best in found[name].items():
                found[name][threads] = max(best, 1 / seconds_per_step(part, way, threads))
    return found


def seconds_per_step(problem: Problem, way: Way, threads: int) -> float:
    """Return how long a step of one replica takes."""
    start = time.perf_counter()
    steps = way(problem, threads)
    return (time.perf_counter() - start) / steps


def best_seconds(problem: Problem) -> float:
    """Return how long a step of the kernel takes on one core, at best."""
    return min(seconds_per_step(problem, kernel, 1) for _ in range(ROUNDS))


def print_speeds(problem: Problem, found: dict[str, dict[int, float]]) -> None:
    """Print the speeds, and how many times that of the PyTorch loop on one core each is."""
    base = found["a PyTorch loop"][1]
    head = ["replica-steps per second", *(f"{n} core(s)" for n in found["the kernel"]), "ratio", "on all"]
    rows = [
        [name, *(f"{value:,.0f}" for value in of.values()), *(f"{value / base:.1f}" for value in of.values())]
        for name, of in found.items()
    ]
    shape = "-".join(map(str, problem.sizes))
    print_table(f"Online SGD, {shape}, one image per step", head, rows)
    print(f"a task of 60,000 images on one core: {60_000 / found['the kernel'][1]:,.1f} s")


def print_limits(problem: Problem, taken: float) -> None:
    """Print what the kernel reaches of what its core can do."""
    work, peak, copied = work_of(problem), peak_flops(), copy_bandwidth()
    total, dense = sum(work.flops.values()), 6 * sum(a * b for a, b in pairwise(problem.sizes))
    rows = [
        ["a step", f"{taken * 1e6:.2f} µs", f"{total:,.0f} FLOP, {total / dense:.0%} of a dense step's"],
        [
            "arithmetic",
            f"{total / taken / 1e9:.1f} GFLOP/s",
            f"{total / taken / peak:.0%} of {peak / 1e9:.0f} measured",
        ],
        [
            "first layer's rows",
            f"{work.row_bytes / taken / 1e9:.1f} GB/s",
            f"{work.row_bytes / taken / copied:.0%} of {copied / 1e9:.0f} measured, copying within L2",
        ],
    ]
    print_table("The kernel on one core", ["", "reached", "which is"], rows)
    shallow = [problem.hidden[:n] for n in range(len(problem.hidden), -1, -1)]
    times = [taken, *(best_seconds(Problem(problem.pixels, problem.orders, hidden)) for hidden in shallow[1:])]
    rows = [
        [f"{len(hidden)} hidden layers", f"{time * 1e6:.2f} µs", f"{time / taken:.0%}"]
        for hidden, time in zip(shallow, times, strict=True)
    ]
    print_table("A step of networks with fewer layers", ["", "time", "of the whole"], rows)
    shares = [[name, f"{flops:,.0f}", f"{flops / total:.0%}"] for name, flops in work.flops.items()]
    print_table("FLOP of a step by part", ["part", "FLOP", "share"], shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6000, help="steps of the kernel per replica; others do fewer")
    parser.add_argument("--data", type=Path, help="folder of a prepared data set, such as results/data/mnist")
    parser.add_argument("--hidden", type=int, nargs="+", default=HIDDEN, help="units of each hidden layer")
    arguments = parser.parse_args()
    problem = problem_of(arguments.data, arguments.steps, tuple(arguments.hidden))
    print(f"{len(problem.pixels)} images, {problem.pixels.density:.0%} of the pixels are not zero, {cores()} core(s)")
    print_speeds(problem, speeds(problem))
    print_limits(problem, best_seconds(problem))


if __name__ == "__main__":
    main()
