"""What a step costs with each method, in steps without it.

    python benchmarks/methods.py [--networks perceptron convnet ...] [--rounds 5]

Every method takes steps in turns with the plain one, on one thread, timed by the process's own clock; of each the
shortest round counts. Methods that act once in many steps are timed over as many.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from common import cpu_seconds, in_turns, print_table

from plasticity.config.component import Chosen
from plasticity.config.training_section import Optimisation
from plasticity.data.image_tensors import ImageTensors
from plasticity.models.model_registry import build_model
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.feature_rank import mean_effective_rank
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of

_STEPS = 100  # of a round; methods that act every 100 steps or so do so once in it
_IMAGES = 2000

NETWORKS: dict[str, dict[str, Any]] = {
    "perceptron, 784-100-100-100-10, 1 image": {
        "model": {"name": "mlp"}, "shape": (1, 28, 28), "batch": 1, "images": 100, "every": 100
    },
    "perceptron, 784-1000-1000-1000-10, 1 image": {
        "model": {"name": "mlp", "hidden": [1000, 1000, 1000]},
        "shape": (1, 28, 28), "batch": 1, "images": 100, "every": 100
    },
    "perceptron, 784-100-100-10, 16 images": {
        "model": {"name": "mlp", "hidden": [100, 100]}, "shape": (1, 28, 28), "batch": 16, "images": 128, "every": 100
    },
    "ConvNet of Dohare et al., 100 images": {
        "model": {"name": "convnet_dohare"}, "shape": (3, 32, 32), "batch": 100, "images": 1200, "every": 12
    },
}  # fmt: skip
"""With the images and the interval of the effective rank's ascent: He et al.'s, and 128 in 100 steps of 16."""


def methods(network: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what each method adds to a training, with the papers' settings."""
    ascent = {"learning_rate": 1e-3, "every": network["every"], "images": network["images"]}
    ascent |= {"last": 2} if network["model"]["name"] != "mlp" else {}
    found: dict[str, dict[str, Any]] = {
        "weight decay": {"weight_decay": 1e-4},
        "l2_init": {"penalty": {"name": "l2_init", "weight": 1e-3}},
        "spectral": {"penalty": {"name": "spectral", "weight": 1e-3}},
        "parseval": {"penalty": {"name": "parseval", "weight": 1e-3}},
        "effective_rank": {"penalty": {"name": "effective_rank", "weight": 1e-3}},
        "effective_rank_ascent": {"hooks": [{"name": "effective_rank_ascent", **ascent}]},
        "perturb": {"hooks": [{"name": "perturb", "shrink": 0.9999, "perturb": 1e-4}]},
        "clip_weights": {"hooks": [{"name": "clip_weights", "factor": 3.0}]},
        "redo": {"hooks": [{"name": "redo", "every": 100, "threshold": 0.025}]},
        "continual_backprop": {"hooks": [{"name": "continual_backprop", "replacement_rate": 1e-5}]},
        "the same, weights_every 20": {
            "hooks": [{"name": "continual_backprop", "replacement_rate": 1e-5, "weights_every": 20}]
        },
        "continual_backprop, adaptable_contribution": {
            "hooks": [{"name": "continual_backprop", "replacement_rate": 1e-5, "utility": "adaptable_contribution"}]
        },
        "self_normalized_resets": {"hooks": [{"name": "self_normalized_resets", "threshold": 1000}]},
        "adam": {"optimizer": {"name": "adam"}, "learning_rate": 1e-5},
        "muon": {"optimizer": {"name": "muon"}, "learning_rate": 1e-5},
    }  # fmt: skip
    if network["batch"] == 1:
        del found["effective_rank"]  # one image has a rank of one
    return found


def step_of(network: Mapping[str, Any], method: Mapping[str, Any]) -> TrainingStep:
    """Return a training step of a network on images of noise."""
    random = torch.Generator().manual_seed(0)
    channels, *sides = network["shape"]
    pixels = torch.randint(0, 256, (_IMAGES, *sides, channels), generator=random, dtype=torch.uint8)
    labels = torch.randint(0, 10, (_IMAGES,), generator=random)
    half = torch.full((channels, 1, 1), 0.5)
    model = build_model(Chosen(**network["model"]), network["shape"], 10, random)
    model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    training = {"learning_rate": 1e-3, "weight_decay": 0.0, "momentum": 0.0, **method}
    given = Optimisation.of(training)
    bound, images = bind_optimiser(model, given), ImageTensors(pixels, labels, half, half)
    step = TrainingStep(model, bound, images, penalty_of(given.penalty), hooks=hooks_of(given.hooks))
    step.at_work.begin(0, "benchmark")
    step.start()
    return step


def work_of(step: TrainingStep, batch: int, steps: int) -> Callable[[], None]:
    """Return what takes the steps of a round."""
    rows = [(torch.arange(batch) + batch * number) % _IMAGES for number in range(steps)]

    def work() -> None:
        for each in rows:
            step(each)

    return work


def rank_and_gradient(network: Mapping[str, Any]) -> Callable[[], None]:
    """Return what computes the effective rank of the hidden layers that are read, and its gradient in the features."""
    model = build_model(Chosen(**network["model"]), network["shape"], 10, torch.Generator().manual_seed(0))
    images = torch.randn(network["images"], *network["shape"])
    with torch.no_grad():
        layers = step_of(network, {}).view.layers_of(images, dict(model.named_parameters()))
    read = [layer.requires_grad_() for layer in (layers if network["model"]["name"] == "mlp" else layers[-2:])]

    def work() -> None:
        torch.autograd.grad(mean_effective_rank(read), read)

    return work


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=[""], help="words in the networks' names; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that the shortest is taken of")
    parser.add_argument("--methods", nargs="+", default=[""], help="words in the methods' names; all by default")
    parser.add_argument("--steps", type=int, default=_STEPS, help="steps of a round")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for title, network in NETWORKS.items():
        if not any(word in title for word in chosen.networks):
            continue
        steps = max(chosen.steps, network["every"])
        steps -= steps % network["every"]
        given = {n: m for n, m in methods(network).items() if any(word in n for word in chosen.methods)}
        given = {"plain": {}, **given}
        works = {name: work_of(step_of(network, method), network["batch"], steps) for name, method in given.items()}
        times = in_turns(works | {"rank": rank_and_gradient(network)}, chosen.rounds, cpu_seconds)
        rank, plain = times.pop("rank"), times["plain"] / steps
        rows = [[name, f"{time / steps * 1e3:.3f}", f"{time / steps / plain:.2f}"] for name, time in times.items()]
        share = rank / network["every"] / plain
        rows.append([f"rank and gradient, every {network['every']}", f"{rank * 1e3:.3f}", f"{share:.2f}"])
        print_table(title, ["method", "ms a step", "of a plain step"], rows)


if __name__ == "__main__":
    main()
