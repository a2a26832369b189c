"""Steps per second of environment, agents and probe, and of a DQN of stable-baselines3 where that is installed.

    python benchmarks/agents.py --agents 1 4 8

Perceptron 784-256-256-10, batch 64, one update per step, images of noise: what they show does not change the time. A
step of agents acts, remembers and updates every agent once; a step of a probe updates every copy of a network once on a
batch of 64. Rates count every agent and every copy; the last column is the gain over a single one in this run.
stable-baselines3 (`pip install stable-baselines3`, in an environment of its own) trains a single agent with the same
network, batch, replay and optimizer on the same images as numbers in [0, 1].
"""

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

import numpy as np
import torch

from plasticity.config.agent_section import QLearning
from plasticity.config.landscape_section import ProbeTraining
from plasticity.models.classifier import Classifier
from plasticity.models.mlp import MLP
from plasticity.seeding import numpy_generator, torch_generator
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.q_agents import QAgents
from plasticity.training.optimisers.adam import Adam
from plasticity.training.probe import probe

SHAPE = (1, 28, 28)
LABELS = np.arange(1000) % 10
BATCH, RATE, HIDDEN = 64, 0.001, (256, 256)

Row = tuple[str, int, float]
"""What was run, how many at once, and seconds per step of all."""


def network_of(seed: int) -> Classifier:
    """Return a perceptron."""
    network = MLP(hidden=HIDDEN).build(SHAPE, 10)
    network.initialise(torch_generator(seed, "benchmark"))
    return network


def of_environment(steps: int) -> float:
    """Return the seconds of a step of a block MDP with random actions."""
    process, generator = BlockMdp(LABELS, 10, "true_label", 1), numpy_generator(1, "benchmark")
    row, start = process.first(generator), perf_counter()
    for _ in range(steps):
        _, row = process.step(row, int(generator.integers(10)), generator)
    return (perf_counter() - start) / steps


def of_agents(count: int, learning: QLearning) -> float:
    """Return the seconds of a step of all agents, after a period that fills the memory."""
    seeds = tuple(range(1, count + 1))
    processes = [BlockMdp(LABELS, 10, "true_label", seed) for seed in seeds]
    agents = QAgents([network_of(seed) for seed in seeds], processes, torch.rand(1000, *SHAPE), learning, seeds)
    agents.run_period()
    start = perf_counter()
    agents.run_period()
    return (perf_counter() - start) / learning.target_period


def of_probe(copies: int, steps: int) -> float:
    """Return the seconds of a step of all copies of a probe."""
    training = ProbeTraining(steps=steps, batch_size=BATCH, head="kept", points=1, learning_rate=RATE)
    targets = torch.rand(copies, 1000, 10)
    start = perf_counter()
    generator = torch_generator(1, "benchmark/probe")
    probe(network_of(1), torch.rand(1000, *SHAPE), targets, training, optimiser=Adam(), generator=generator)
    return (perf_counter() - start) / steps


def of_stable_baselines(steps: int) -> float:
    """Return the seconds of a step of a DQN of stable-baselines3, after as many that fill its memory."""
    import gymnasium  # noqa: PLC0415 - an extra

    from plasticity.tasks.block_mdp_environment import BlockMdpEnvironment  # noqa: PLC0415 - needs gymnasium

    images = np.random.default_rng(1).integers(0, 256, size=(1000, 28, 28, 1), dtype=np.uint8)
    shown = BlockMdpEnvironment(BlockMdp(LABELS, 10, "true_label", 1), images)
    flat = gymnasium.spaces.Box(0, 1, (784,), np.float32)
    scaled = gymnasium.wrappers.TransformObservation(shown, lambda image: image.reshape(-1) / np.float32(255), flat)
    model = import_module("stable_baselines3").DQN(  # not installed with the package
        "MlpPolicy",
        gymnasium.wrappers.TimeLimit(scaled, 10**9),
        learning_rate=RATE,
        buffer_size=1000,
        learning_starts=BATCH,
        batch_size=BATCH,
        train_freq=1,
        gradient_steps=1,
        target_update_interval=steps,
        policy_kwargs={"net_arch": list(HIDDEN)},
        device="cpu",
    )
    model.learn(steps)
    start = perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    return (perf_counter() - start) / steps


def rows(counts: Sequence[int], steps: int) -> Iterator[Row]:
    """Yield what was run."""
    learning = QLearning.model_validate(
        {"batch_size": BATCH, "replay": 1000, "target_period": steps, "optimizer": {"name": "adam"}}
    )
    yield "environment", 1, of_environment(10 * steps)
    for count in counts:
        yield "agents", count, of_agents(count, learning)
    for count in counts:
        yield "copies of a probe", count, of_probe(count, steps)
    if find_spec("stable_baselines3"):
        yield "DQN of stable-baselines3", 1, of_stable_baselines(steps)


def main() -> None:
    """Print a row per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    single: dict[str, float] = {}
    print("| what | at once | ms a step | steps/s of all agents or copies | gain per one |\n|---|---|---|---|---|")
    for what, count, took in rows(asked.agents, asked.steps):
        gain = count * single.setdefault(what, took) / took
        print(f"| {what} | {count} | {1e3 * took:.3g} | {count / took:,.0f} | {gain:.2f} |", flush=True)


if __name__ == "__main__":
    main()
