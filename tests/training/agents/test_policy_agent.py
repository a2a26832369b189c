"""Agents with a policy: an update against finite differences in float64, methods on both networks, and a stop."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.distributions import Normal

from plasticity.config.locomotion_section import PolicyLearning
from plasticity.models.classifier import Classifier
from plasticity.models.mlp import MLP
from plasticity.seeding import torch_generator
from plasticity.training.agents.acting import outputs_one_by_one
from plasticity.training.agents.policy_agent import PolicyAgent, clipped_objective, log_probability
from plasticity.training.agents.rollout import Episode, Rollout, roll_out

Arrays = dict[str, NDArray[np.float64]]
SEES, DOES = 3, 2
METHODS: dict[str, dict[str, Any]] = {
    "none": {},
    "weight_decay": {"weight_decay": 0.1},
    "betas": {"optimizer": {"name": "adam", "betas": [0.99, 0.99]}},
    "l2_er": {
        "weight_decay": 0.01,
        "hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.01, "every": 2, "images": 6}],
    },
    "effective_rank": {"penalty": {"name": "effective_rank", "weight": 0.1}},
    "l2_init": {"penalty": {"name": "l2_init", "weight": 0.1}},
    "spectral": {"penalty": {"name": "spectral", "weight": 0.1}},
    "continual_backprop": {
        "hooks": [{"name": "continual_backprop", "replacement_rate": 0.2, "maturity": 2}],
    },
    "redo": {"hooks": [{"name": "redo", "every": 3, "threshold": 0.5}]},
}


class Spring:
    """A point pulled by a spring; an episode ends after seven steps, or far away."""

    def __init__(self) -> None:
        self.place = np.zeros(SEES)
        self.number = self.left = 0
        self.next_episode()

    @property
    def observation(self) -> NDArray[np.float64]:
        return self.place

    def next_episode(self) -> None:
        self.number, self.left = self.number + 1, 7
        self.place = np.random.default_rng(self.number).standard_normal(SEES)

    def step(self, action: NDArray[np.float64]) -> tuple[float, bool]:
        self.place = 0.9 * self.place
        self.place[:DOES] += 0.1 * action
        self.left -= 1
        return 1 - float(self.place @ self.place), self.left == 0 or bool(abs(self.place[0]) > 2)


def agent_of(learning: dict[str, Any] | None = None, **network: Any) -> PolicyAgent:
    small = {"rollout": 12, "epochs": 2, "batch_size": 4, "learning_rate": 0.01}
    actor, critic = (_network(name, size, network) for name, size in (("actor", DOES), ("critic", 1)))
    return PolicyAgent(actor, critic, PolicyLearning.of({**small, **(learning or {})}), seed=1)


def _network(name: str, outputs: int, network: dict[str, Any]) -> Classifier:
    chosen = MLP.of({"hidden": [6, 5], "initialisation": "pytorch", **network})
    return chosen.create((1, 1, SEES), outputs, torch_generator(1, name))


def test_an_update_takes_the_steps_of_finite_differences() -> None:
    agent = agent_of({"optimizer": {"name": "sgd"}, "learning_rate": 0.2, "batch_size": 12, "value_weight": 0.7})
    before = {name: value.double().numpy().copy() for name, value in agent.weights().items()}
    rollout = agent.act(Spring())
    losses = agent.learn(rollout)
    expected = _updated_slowly(before, rollout, steps=2, rate=0.2, value_weight=0.7)
    for name, value in agent.weights().items():
        assert value.numpy() == pytest.approx(expected[name], abs=2e-5), name
        assert np.abs(expected[name] - before[name]).max() > 1e-3, name
    assert losses.value > 0


def _updated_slowly(weights: Arrays, rollout: Rollout, *, steps: int, rate: float, value_weight: float) -> Arrays:
    """Return weights after gradient steps on all of a rollout, by loops and central differences in float64."""
    count = len(rollout.rewards)
    seen = [*rollout.observations.astype(float), rollout.last.astype(float)]
    values = [float(_slow_outputs(weights, "critic", each)[0]) for each in seen]
    gained = []
    for t in range(count):
        total, factor = 0.0, 1.0
        for k in range(t, count):
            follows = 0.0 if rollout.ended[k] else 0.99 * values[k + 1]
            total += factor * (rollout.rewards[k] + follows - values[k])
            factor *= 0.99 * 0.95
            if rollout.ended[k]:
                break
        gained.append(total)
    centred = np.array(gained) - np.mean(gained)
    advantages = centred / math.sqrt((centred**2).sum() / (count - 1))
    old = [_slow_log_probability(weights, rollout, t) for t in range(count)]

    def loss(now: Arrays) -> float:
        total = 0.0
        for t in range(count):
            ratio = math.exp(_slow_log_probability(now, rollout, t) - old[t])
            total -= min(ratio * advantages[t], min(max(ratio, 0.8), 1.2) * advantages[t])
            error = gained[t] + values[t] - float(_slow_outputs(now, "critic", seen[t])[0])
            total += value_weight * error**2
        return total / count

    for _ in range(steps):
        weights = {name: value - rate * _slope(loss, weights, name) for name, value in weights.items()}
    return weights


def _slope(loss: Any, weights: Arrays, name: str) -> NDArray[np.float64]:
    found = np.zeros_like(weights[name])
    for place in np.ndindex(found.shape):
        sides = []
        for shift in (1e-6, -1e-6):
            moved = weights[name].copy()
            moved[place] += shift
            sides.append(loss({**weights, name: moved}))
        found[place] = (sides[0] - sides[1]) / 2e-6
    return found


def _slow_outputs(weights: Arrays, network: str, observation: NDArray[np.float64]) -> NDArray[np.float64]:
    layers = sorted({name.rpartition(".")[0] for name in weights if name.startswith(f"{network}.body")})
    x = observation
    for layer in layers:
        x = np.maximum(weights[f"{layer}.weight"] @ x + weights[f"{layer}.bias"], 0)
    return weights[f"{network}.head.weight"] @ x + weights[f"{network}.head.bias"]


def _slow_log_probability(weights: Arrays, rollout: Rollout, t: int) -> float:
    mean = _slow_outputs(weights, "actor", rollout.observations[t].astype(float))
    total = 0.0
    for action, centre, log_std in zip(rollout.actions[t].astype(float), mean, weights["log_std"], strict=True):
        spread = math.exp(log_std)
        total += math.log(math.exp(-((action - centre) ** 2) / (2 * spread**2)) / (spread * math.sqrt(2 * math.pi)))
    return total


def test_objective_is_clipped_where_it_would_reward_a_larger_change() -> None:
    ratios, advantages = torch.tensor([1.5, 1.5, 0.5, 0.5, 1.1]), torch.tensor([1.0, -1.0, 1.0, -1.0, 2.0])
    found = clipped_objective(ratios.log(), advantages, 0.2)
    assert float(found) == pytest.approx((1.2 - 1.5 + 0.5 - 0.8 + 2.2) / 5)


def test_log_probability_is_that_of_independent_normal_actions() -> None:
    actions, means, log_std = (torch.randn(shape, dtype=torch.float64) for shape in ((4, 2), (4, 2), (2,)))
    expected = Normal(means, log_std.exp()).log_prob(actions).sum(1)
    torch.testing.assert_close(log_probability(actions, means, log_std), expected)


@pytest.mark.parametrize("network", [{}, {"activation": "tanh"}, {"layer_norm": True}])
def test_single_outputs_are_those_of_the_network_as_it_changes(network: dict[str, Any]) -> None:
    model = _network("actor", DOES, network)
    outputs, seen = outputs_one_by_one(model), np.linspace(-1, 1, SEES, dtype=np.float32)
    for _ in range(2):
        with torch.no_grad():
            expected = model(torch.from_numpy(seen).view(1, 1, 1, -1))[0].numpy()
            assert outputs(seen) == pytest.approx(expected, abs=1e-6)
            for parameter in model.parameters():
                parameter.mul_(1.5)


def test_a_rollout_counts_episodes_across_its_ends() -> None:
    spring, episode = Spring(), Episode()
    parts = [roll_out(spring, lambda _: np.zeros(DOES, np.float32), _still(steps), episode) for steps in (5, 12, 3)]
    assert [part.lengths for part in parts] == [(), (7, 7), ()]
    rewards = np.concatenate([part.rewards for part in parts])
    assert parts[1].returns == pytest.approx((rewards[:7].sum(), rewards[7:14].sum()))
    assert np.flatnonzero(np.concatenate([part.ended for part in parts])).tolist() == [6, 13]
    assert (parts[0].last == parts[1].observations[0]).all()
    assert episode.steps == 6


def _still(steps: int) -> NDArray[np.float32]:
    return np.zeros((steps, DOES), dtype=np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_an_agent_that_is_loaded_goes_on_to_the_same_bits(method: str) -> None:
    spring, whole = Spring(), agent_of(METHODS[method])
    for _ in range(2):
        whole.learn(whole.act(spring))
    state, place = whole.state(), (spring.place.copy(), spring.number, spring.left)
    for _ in range(2):
        whole.learn(whole.act(spring))
    spring.place, spring.number, spring.left = place
    later = agent_of(METHODS[method])
    later.load(state)
    for _ in range(2):
        later.learn(later.act(spring))
    expected = whole.state()
    assert later.state().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in later.state().items())
    assert whole.finite()


@pytest.mark.parametrize("method", [name for name in METHODS if name != "none"])
def test_every_method_changes_both_networks(method: str) -> None:
    spring, other = Spring(), Spring()
    plain, treated = agent_of(), agent_of(METHODS[method])
    for _ in range(2):
        plain.learn(plain.act(spring))
        treated.learn(treated.act(other))
    for name in ("actor", "critic"):
        key = f"{name}.body.1.weight"
        assert not torch.equal(plain.weights()[key], treated.weights()[key])


def test_continual_backprop_renews_units_of_both_networks() -> None:
    agent = agent_of(METHODS["continual_backprop"] | {"learning_rate": 1e-9})
    first = {name: value.clone() for name, value in agent.weights().items()}
    agent.learn(agent.act(Spring()))
    for name in ("actor", "critic"):
        moved = (agent.weights()[f"{name}.body.1.weight"] - first[f"{name}.body.1.weight"]).abs().amax(1)
        assert 0 < int((moved > 1e-3).sum()) < 6
