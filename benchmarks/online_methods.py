"""What methods cost in the compiled online loop or as stacked tensors, and beside a usual loop of PyTorch, in one run.

    python benchmarks/online_methods.py [--data results/data/mnist] [--hidden 100 100 100] [--steps 6000]
    python benchmarks/online_methods.py --batch 16 --replicas 6 --hidden 100 100

The second line trains stacked tensors, as epochs of batches do. One core, CPU time of the process; methods take turns,
and of each the shortest round counts. A step is one of a single network.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from common import cpu_seconds, in_turns, print_table
from online_sgd import HIDDEN, RATE, REPLICAS, Problem, problem_of
from usual_methods import USUAL, train

from plasticity.config.component import Chosen
from plasticity.config.training_section import Optimisation
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.weights import weights_of
from plasticity.training.online.online_sgd import stacked_for, train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.replicas import keep_initial
from plasticity.training.online.stack import Network, Stack, stack_of

_SLOW_SHARE, _LEAST = 1 / 20, 200  # of --steps, so that none takes long; and steps
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
    "adam": {"optimizer": {"name": "adam"}, "learning_rate": 1e-4},
    "layer norm": {},
    "layer norm, weight decay": {"weight_decay": 1e-4},
    "layer norm, l2_init": {"penalty": {"name": "l2_init", "weight": 1e-4}},
    "layer norm, continual_backprop": {"hooks": [_BACKPROP]},
}


@dataclass(frozen=True)
class Setting:
    """What the methods are compared at.

    Attributes:
        problem: Images, and a stream of them per network.
        batch: Images per step.
        replicas: Networks side by side in this project's loops.
        rounds: Rounds that the shortest is taken of.
    """

    problem: Problem
    batch: int
    replicas: int
    rounds: int

    def images(self, name: str, *, usual: bool = False) -> int:
        """Return the images of a round: fewer of slower loops, but enough for what acts every hundredth step."""
        slow = usual or stacked_for(self.optimisation(name))
        steps = self.problem.orders.shape[1] // self.batch
        return min(max(int(steps * _SLOW_SHARE), _LEAST), steps) * self.batch if slow else steps * self.batch

    def optimisation(self, name: str) -> Optimisation:
        """Return a method's training."""
        return Optimisation.of({"learning_rate": RATE, "batch_size": self.batch, **METHODS[name]})


def start(setting: Setting, *, layer_norm: bool = False) -> tuple[Stack, Origin]:
    """Return a stack of networks that have learnt for the length of the stream, and where they come from."""
    problem = setting.problem
    chosen = Chosen(**{"name": "mlp", "hidden": problem.hidden, "layer_norm": layer_norm})
    shape = (1, 1, problem.pixels.num_pixels)
    model = build_model(chosen, shape, problem.pixels.num_classes, torch_generator(0, "init"))
    stack = stack_of([weights_of(model)] * setting.replicas)
    keep_initial(stack, [stack.network(replica) for replica in range(setting.replicas)])
    count = setting.images("plain")
    train_online(stack, problem.pixels, problem.orders[: setting.replicas, :count], setting.optimisation("plain"))

    def draw(generator: torch.Generator) -> Network:
        model.initialise(generator)
        return weights_of(model)

    return stack, Origin(list(range(setting.replicas)), "benchmark", draw, model.units())


def ours(setting: Setting, name: str, stack: Stack, origin: Origin) -> Callable[[], object]:
    """Return what trains all networks by a method, from where they are."""
    orders = setting.problem.orders[: setting.replicas, : setting.images(name)]
    training, whole, pixels = setting.optimisation(name), list(range(setting.replicas)), setting.problem.pixels
    return lambda: train_online(stack.take(whole), pixels, orders, training, origin=origin)


def theirs(setting: Setting, name: str) -> Callable[[], object]:
    """Return what trains one network by a method in the usual loop."""
    problem, rate = setting.problem, setting.optimisation(name).learning_rate
    rows = problem.orders[0, : setting.images(name, usual=True)]
    images, labels = torch.from_numpy(problem.pixels.dense(rows)), torch.from_numpy(problem.pixels.labels[rows])
    return partial(train, USUAL[name], problem.sizes, images, labels, batch=setting.batch, learning_rate=rate)


def measure(setting: Setting) -> tuple[dict[str, float], dict[str, float]]:
    """Return how long a step of each method takes here and in the usual loop, in seconds of CPU, at best."""
    starts = {layer_norm: start(setting, layer_norm=layer_norm) for layer_norm in (False, True)}
    works = {("ours", name): ours(setting, name, *starts[name.startswith("layer norm")]) for name in METHODS}
    works |= {("theirs", name): theirs(setting, name) for name in USUAL}
    taken = in_turns(works, setting.rounds, cpu_seconds)
    mine = {n: taken["ours", n] * setting.batch / setting.images(n) / setting.replicas for n in METHODS}
    return mine, {n: taken["theirs", n] * setting.batch / setting.images(n, usual=True) for n in USUAL}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6000, help="steps of a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that the shortest is taken of")
    parser.add_argument("--batch", type=int, default=1, help="images per step")
    parser.add_argument("--replicas", type=int, default=1, help=f"networks side by side, at most {REPLICAS}")
    parser.add_argument("--data", type=Path, help="folder of a prepared data set, such as results/data/mnist")
    parser.add_argument("--hidden", type=int, nargs="+", default=HIDDEN, help="units of each hidden layer")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    problem = problem_of(arguments.data, arguments.steps * arguments.batch, tuple(arguments.hidden))
    mine, usual = measure(Setting(problem, arguments.batch, arguments.replicas, arguments.rounds))
    rows = []
    for name, taken in mine.items():
        row = [name, f"{1 / taken:,.0f}", f"{taken * 1e6:.1f}", f"{mine['plain'] / taken:.2f}"]
        rows.append(row + ([f"{1 / usual[name]:,.0f}", f"{usual[name] / taken:.1f}"] if name in usual else ["", ""]))
    sizes = "-".join(map(str, problem.sizes))
    title = f"Methods, {sizes}, {arguments.batch} image(s) per step, {arguments.replicas} network(s), one core"
    head = ["method", "steps/s", "µs a step", "of plain speed", "usual loop's steps/s", "times the usual loop"]
    print_table(title, head, rows)


if __name__ == "__main__":
    main()
