"""Steps of Q-learning per second: agents in one stack beside as many one after another.

    python benchmarks/agents.py --agents 1 4 8

Perceptron 784-256-256-10, batch 64, one update per step, images of noise: what they show does not change the time. A
step acts, remembers and updates every agent once. The last column is the gain per agent over a single one in this run.
"""

import argparse
from collections.abc import Sequence
from time import perf_counter

import numpy as np
import torch

from plasticity.models.mlp import MLP
from plasticity.seeding import torch_generator
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.q_agents import QAgents
from plasticity.training.agents.q_settings import QLearning

SHAPE = (1, 28, 28)


def agents_of(seeds: Sequence[int], learning: QLearning) -> QAgents:
    """Return agents with perceptrons in true-label processes of 1,000 images."""
    labels = np.arange(1000) % 10
    networks = []
    for seed in seeds:
        networks.append(MLP(hidden=(256, 256)).build(SHAPE, 10))
        networks[-1].initialise(torch_generator(seed, "benchmark"))
    processes = [BlockMdp(labels, 10, "true_label", seed) for seed in seeds]
    return QAgents(networks, processes, torch.rand(1000, *SHAPE), learning, seeds)


def seconds_per_step(seeds: Sequence[int], learning: QLearning) -> float:
    """Return the time of a step of all agents, after a period that fills the memory."""
    agents = agents_of(seeds, learning)
    agents.run_period()
    start = perf_counter()
    agents.run_period()
    return (perf_counter() - start) / learning.target_period


def main() -> None:
    """Print a row per number of agents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    learning = QLearning.model_validate(
        {"batch_size": 64, "replay": 1000, "target_period": asked.steps, "optimizer": {"name": "adam"}}
    )
    single = seconds_per_step((1,), learning)
    print("| agents | ms a step | agent steps/s | gain per agent |\n|---|---|---|---|")
    for count in asked.agents:
        took = seconds_per_step(tuple(range(1, count + 1)), learning)
        print(f"| {count} | {1e3 * took:.2f} | {count / took:.0f} | {count * single / took:.2f} |")


if __name__ == "__main__":
    main()
