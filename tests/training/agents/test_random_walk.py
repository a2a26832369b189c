"""Networks that walk at random: as far as others learn in every step, in a direction of their own."""

import numpy as np
import pytest
import torch
from test_q_agents import LEARNING, agents

from plasticity.training.agents.q_agents import QAgents
from plasticity.training.agents.random_walk import RandomWalk

WALKING = LEARNING.model_copy(update={"brownian": True, "target_period": 5})
STILL = LEARNING.model_copy(update={"target_period": 5})


def flat(stack: QAgents) -> np.ndarray:
    """The weights that checkpoints hold, (agents, weights)."""
    return np.stack([np.concatenate([w.ravel() for w in stack.network_of(place).values()]) for place in (0, 1)])


def test_the_agent_learns_as_without_a_walk_and_the_walk_is_what_is_kept() -> None:
    walking, still = agents(WALKING), agents(STILL)
    assert np.array_equal(flat(walking), flat(still))
    for _ in range(3):
        assert (walking.run_period().reward == still.run_period().reward).all()
    for name, value in still.weights.items():
        assert torch.equal(value, walking.weights[name])
    assert not np.isclose(flat(walking), flat(still)).any()


def test_every_step_is_as_long_as_the_learner_s() -> None:
    single = {"target_period": 1, "batch_size": 1}
    walking, still = (agents(each.model_copy(update=single)) for each in (WALKING, STILL))
    for _ in range(6):
        before = flat(walking), flat(still)
        walking.run_period()
        still.run_period()
        walked, learned = (flat(stack) - old for stack, old in zip((walking, still), before, strict=True))
        assert np.linalg.norm(learned, axis=1).min() > 0
        np.testing.assert_allclose(np.linalg.norm(walked, axis=1), np.linalg.norm(learned, axis=1), rtol=1e-12)


def test_steps_are_spread_over_all_weights_alike() -> None:
    weights = {"a": torch.zeros(1, 400, 50), "b": torch.zeros(1, 4000)}
    walk = RandomWalk(weights, [1])
    walk.begin(1)
    with walk.beside(weights):
        weights["b"][0, 0] = 3.0
    assert walk.weights["a"].norm() ** 2 + walk.weights["b"].norm() ** 2 == pytest.approx(9)
    assert walk.weights["a"].std() == pytest.approx(float(walk.weights["b"].std()), rel=0.05)


def test_a_loaded_walk_goes_on_as_without_a_stop_and_is_its_own_in_every_stack() -> None:
    straight, alone = agents(WALKING), agents(WALKING, (2,))
    for stack in straight, alone:
        stack.run_period()
    stopped = agents(WALKING)
    stopped.load(straight.state())
    for stack in straight, alone, stopped:
        stack.run_period()
    assert np.array_equal(flat(straight), flat(stopped))
    for name, value in alone.network_of(0).items():
        np.testing.assert_allclose(straight.network_of(1)[name], value, rtol=1e-12, atol=1e-14)
