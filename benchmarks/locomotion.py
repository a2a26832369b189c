"""Steps per second of a walking agent and its parts, and of the PPO of stable-baselines3 where that is installed.

    python benchmarks/locomotion.py --updates 5

Ant-v5, two hidden layers of 256 units for actor and critic each, 2,048 steps between updates of ten epochs in batches
of 128 (Dohare et al. 2024), one thread. Seconds are those of the processor, so that other work on the machine distorts
them less; the last column is the speed relative to all of an agent's work in this run. stable-baselines3 (`pip install
stable-baselines3`, in an environment of its own) trains with the same settings.
"""

import argparse
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from time import process_time
from typing import Any

import numpy as np
import torch

from plasticity.config.locomotion_section import Ground, PolicyLearning
from plasticity.models.mlp import MLP
from plasticity.seeding import torch_generator
from plasticity.tasks.slippery_ground import SlipperyGround
from plasticity.training.agents.policy_agent import PolicyAgent

OPTIONS = {"include_cfrc_ext_in_observation": False, "contact_cost_weight": 0}
ROLLOUT, HIDDEN = 2048, (256, 256)
METHODS: dict[str, dict[str, Any]] = {
    "agent": {},
    "agent with continual backprop": {
        "hooks": [{"name": "continual_backprop", "replacement_rate": 0.0001, "maturity": 10000}]
    },
    "agent with L2-ER": {
        "hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.001, "every": 10, "images": 128}]
    },
}

Row = tuple[str, float]
"""What was run, and seconds per step."""


def of_environment(updates: int) -> float:
    """Return the seconds of a step with random actions."""
    ground, draw = SlipperyGround(Ground.of({"options": OPTIONS}), seed=1), np.random.default_rng(1)
    actions = draw.standard_normal((updates * ROLLOUT, ground.action_size))
    start = process_time()
    for action in actions:
        if ground.step(action)[1]:
            ground.next_episode()
    return (process_time() - start) / len(actions)


def of_agent(method: dict[str, Any], updates: int) -> tuple[float, float]:
    """Return the seconds of a step in acting and in learning, after one update to warm up."""
    ground = SlipperyGround(Ground.of({"options": OPTIONS}), seed=1)
    network = MLP(hidden=HIDDEN, initialisation="lecun")
    actor, critic = (
        network.create((1, 1, ground.observation_size), outputs, torch_generator(1, name))
        for name, outputs in (("actor", ground.action_size), ("critic", 1))
    )
    agent = PolicyAgent(actor, critic, PolicyLearning.of(method), seed=1)
    acting = learning = 0.0
    for update in range(updates + 1):
        start = process_time()
        rollout = agent.act(ground)
        between = process_time()
        agent.learn(rollout)
        acting += (between - start) * (update > 0)
        learning += (process_time() - between) * (update > 0)
    return acting / (updates * ROLLOUT), learning / (updates * ROLLOUT)


def of_stable_baselines(updates: int) -> float:
    """Return the seconds of a step of the PPO of stable-baselines3, after one update to warm up."""
    gymnasium = import_module("gymnasium")
    sizes = {"pi": list(HIDDEN), "vf": list(HIDDEN)}
    model = import_module("stable_baselines3").PPO(  # not installed with the package
        "MlpPolicy",
        gymnasium.make("Ant-v5", **OPTIONS),
        learning_rate=0.0001,
        n_steps=ROLLOUT,
        batch_size=128,
        n_epochs=10,
        vf_coef=1.0,
        policy_kwargs={"net_arch": sizes, "activation_fn": torch.nn.ReLU},
        device="cpu",
        seed=1,
    )
    model.learn(ROLLOUT)
    start = process_time()
    model.learn(updates * ROLLOUT)
    return (process_time() - start) / (updates * ROLLOUT)


def rows(updates: int) -> Iterator[Row]:
    """Yield what was run, the plain agent first."""
    for name, method in METHODS.items():
        acting, learning = of_agent(method, updates)
        yield name, acting + learning
        if not method:
            yield "its acting, environment included", acting
            yield "its learning", learning
    yield "environment alone", of_environment(updates)
    if find_spec("stable_baselines3"):
        yield "PPO of stable-baselines3", of_stable_baselines(updates)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=5, help="updates that are timed")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| what | steps per second | relative |\n|---|---|---|")
    whole = None
    for label, seconds in rows(given.updates):
        whole = seconds if whole is None else whole
        print(f"| {label} | {1 / seconds:,.0f} | {whole / seconds:.2f} |", flush=True)
