"""What methods cost inside the compiled online loop, as multiples of its plain step, in one run.

    python benchmarks/online_methods.py [--data results/data/mnist] [--hidden 100 100 100] [--steps 6000]

One core, CPU time of the process; methods take turns, and of each the shortest round counts.
"""

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from common import cpu_seconds, print_table, seconds
from online_sgd import HIDDEN, RATE, Problem, problem_of

from plasticity.config.component import Chosen
from plasticity.config.training_section import Optimisation
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.weights import weights_of
from plasticity.training.online.online_sgd import train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.replicas import keep_initial
from plasticity.training.online.stack import Network, Stack, stack_of

_BACKPROP = {"name": "continual_backprop", "replacement_rate": 1e-5}
_ASCENT = {"name": "effective_rank_ascent", "learning_rate": 1e-3, "every": 100}
METHODS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "weight decay": {"weight_decay": 1e-4},
    "l2_init": {"penalty": {"name": "l2_init", "weight": 1e-4}},
    "continual_backprop": {"hooks": [_BACKPROP]},
    "the same, replacement_rate 1e-4": {"hooks": [_BACKPROP | {"replacement_rate": 1e-4}]},
    "the same, weights_every 20": {"hooks": [_BACKPROP | {"weights_every": 20}]},
    "the same, adaptable_contribution": {"hooks": [_BACKPROP | {"utility": "adaptable_contribution"}]},
    "effective_rank_ascent, every 100": {"hooks": [_ASCENT]},
    "the same with weight decay (L2-ER)": {"hooks": [_ASCENT], "weight_decay": 1e-4},
    "perturb": {"hooks": [{"name": "perturb", "shrink": 0.9999, "perturb": 1e-3}]},
    "layer norm": {},
    "layer norm, weight decay": {"weight_decay": 1e-4},
    "layer norm, l2_init": {"penalty": {"name": "l2_init", "weight": 1e-4}},
    "layer norm, continual_backprop": {"hooks": [_BACKPROP]},
}


def optimisation(name: str) -> Optimisation:
    """Return a method's training."""
    return Optimisation.of({"learning_rate": RATE, **METHODS[name]})


def start(problem: Problem, *, layer_norm: bool = False) -> tuple[Stack, Origin]:
    """Return a stack of one network that has learnt for the length of the stream, and where it comes from."""
    chosen = Chosen(**{"name": "mlp", "hidden": problem.hidden, "layer_norm": layer_norm})
    shape = (1, 1, problem.pixels.num_pixels)
    model = build_model(chosen, shape, problem.pixels.num_classes, torch_generator(0, "init"))
    stack = stack_of([weights_of(model)])
    keep_initial(stack, [stack.network(0)])
    train_online(stack, problem.pixels, problem.orders[:1], optimisation("plain"))

    def draw(generator: torch.Generator) -> Network:
        model.initialise(generator)
        return weights_of(model)

    return stack, Origin([0], "benchmark", draw, model.units())


def measure(problem: Problem, rounds: int) -> dict[str, float]:
    """Return how long a step of each method takes, in seconds of CPU, at best."""
    starts = {layer_norm: start(problem, layer_norm=layer_norm) for layer_norm in (False, True)}
    found = dict.fromkeys(METHODS, float("inf"))
    for _ in range(rounds + 1):  # the first compiles
        for name in METHODS:
            training, (stack, origin) = optimisation(name), starts[name.startswith("layer norm")]
            orders, network = problem.orders[:1], stack.take([0])
            work = partial(train_online, network, problem.pixels, orders, training, origin=origin)
            found[name] = min(found[name], seconds(work, 1, cpu_seconds) / orders.size)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6000, help="steps of a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that the shortest is taken of")
    parser.add_argument("--data", type=Path, help="folder of a prepared data set, such as results/data/mnist")
    parser.add_argument("--hidden", type=int, nargs="+", default=HIDDEN, help="units of each hidden layer")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    problem = problem_of(arguments.data, arguments.steps, tuple(arguments.hidden))
    times = measure(problem, arguments.rounds)
    plain = times["plain"]
    rows = [[name, f"{1 / time:,.0f}", f"{time * 1e6:.1f}", f"{plain / time:.2f}"] for name, time in times.items()]
    title = f"Methods online, {'-'.join(map(str, problem.sizes))}, one image per step, one core"
    print_table(title, ["method", "steps/s", "µs a step", "of plain speed"], rows)


if __name__ == "__main__":
    main()
