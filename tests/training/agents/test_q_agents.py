"""Stacked agents against a plain loop in float64, resumption, independence of the stack, and learning."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from plasticity.config.agent_section import QLearning, TwoHot
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.mlp import MLP
from plasticity.models.resnet import ResNet18
from plasticity.seeding import numpy_generator, torch_generator
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.q_agents import QAgents
from plasticity.training.agents.q_values import QValues
from plasticity.training.agents.replay import Transitions
from plasticity.training.interventions.reset_head import ResetHead

CLASSES = 3
LABELS = np.repeat(np.arange(CLASSES), 8)
IMAGES = 0.3 * torch.randn((24, 1, 3, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
IMAGES += torch.nn.functional.one_hot(torch.from_numpy(LABELS), 9).view(24, 1, 3, 3)
LEARNING = QLearning(batch_size=4, learning_rate=0.05, discount=0.9, exploration=0.3, replay=20, target_period=15)


def network(seed: int, learning: QLearning) -> Classifier:
    made = MLP(hidden=(6,)).build((1, 3, 3), QValues.outputs(CLASSES, learning))
    made.initialise(torch_generator(seed, "agents"))
    return made.double()


def processes(seeds: tuple[int, ...], reward: str = "true_label") -> list[BlockMdp]:
    return [BlockMdp(LABELS, CLASSES, reward, seed) for seed in seeds]  # pyright: ignore[reportArgumentType]


def agents(learning: QLearning, seeds: tuple[int, ...] = (1, 2)) -> QAgents:
    return QAgents([network(seed, learning) for seed in seeds], processes(seeds, "sparse"), IMAGES, learning, seeds)


def plain(learning: QLearning, seed: int, periods: int) -> tuple[Classifier, list[float]]:
    """Return one agent and its rewards, by a loop that follows the algorithm line by line."""
    (process,), online = processes((seed,), "sparse"), network(seed, learning)
    target = deepcopy(online)
    optimizer = torch.optim.SGD(online.parameters(), lr=learning.learning_rate)
    row, memory, rewards = process.first(numpy_generator(seed, "agents/first")), [], []
    for period in range(1, periods + 1):
        generator = numpy_generator(seed, "agents/period", period)
        for _ in range(learning.target_period):
            action = int(online(IMAGES[[row]]).argmax())
            if generator.random() < learning.exploration:
                action = int(generator.integers(CLASSES))
            reward, following = process.step(row, action, generator)
            place = len(rewards) % learning.replay
            memory[place : place + 1] = [(row, action, reward, following)]
            rewards.append(reward)
            row = following
            if len(memory) < learning.batch_size:
                continue
            batch = [memory[place] for place in generator.integers(len(memory), size=learning.batch_size)]
            loss = torch.zeros((), dtype=torch.float64)
            for seen, taken, gained, came in batch:
                values = target(IMAGES[[came]])[0].detach()
                best = values[int(online(IMAGES[[came]]).argmax())] if learning.double else values.max()
                loss = loss + (online(IMAGES[[seen]])[0, taken] - gained - learning.discount * best) ** 2
            optimizer.zero_grad()
            (loss / learning.batch_size).backward()
            optimizer.step()
        target = deepcopy(online)
    return online, rewards


@pytest.mark.parametrize("period", [3, 15], ids=["images valued as they come", "all at the period's beginning"])
@pytest.mark.parametrize("double", [False, True])
def test_stack_learns_what_single_agents_learn(double: bool, period: int) -> None:
    learning = LEARNING.model_copy(update={"double": double, "target_period": period})
    stack = agents(learning)
    periods = [stack.run_period() for _ in range(45 // period)]
    for place, seed in enumerate((1, 2)):
        wanted, rewards = plain(learning, seed, len(periods))
        found = np.mean([period.reward[place] for period in periods])
        assert found == pytest.approx(np.mean(rewards))
        for name, value in wanted.named_parameters():
            torch.testing.assert_close(stack.weights[name][place], value.detach(), rtol=1e-10, atol=1e-12)


def test_two_hot_loss_is_the_cross_entropy_of_the_aims() -> None:
    learning = LEARNING.model_copy(update={"two_hot": TwoHot(lowest=0, highest=2, bins=3)})
    stack = agents(learning, (1,))
    weights = {name: value[0] for name, value in stack.weights.items()}
    model, bins = network(1, learning), torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    logits = model(IMAGES[:2]).view(2, CLASSES, 3)
    following = (model(IMAGES[5:7]).view(2, CLASSES, 3).softmax(-1) @ bins).max(1).values
    aims = torch.tensor([1.0, 0.0]) + 0.9 * following
    shares = torch.stack([(1 - (aims - value).abs()).clamp(min=0) for value in bins], 1)  # hat functions
    shares[aims > 2] = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    wanted = -(shares * logits[[0, 1], [2, 1]].log_softmax(-1)).sum(-1).mean()
    drawn = Transitions(
        rows=np.array([[0, 1]]),
        actions=np.array([[2, 1]]),
        rewards=np.array([[1, 0]], np.float32),
        next_rows=np.array([[5, 6]]),
    )
    torch.testing.assert_close(stack._aims(drawn)[0], aims.detach())
    found, _ = stack._loss(weights, {}, IMAGES[:2], torch.tensor([2, 1]), aims.detach())
    torch.testing.assert_close(found, wanted.detach())


def test_loaded_agents_go_on_as_without_a_stop() -> None:
    learning = LEARNING.model_validate({**LEARNING.model_dump(), "optimizer": {"name": "adam"}})
    straight, stopped = agents(learning), agents(learning)
    straight.run_period()
    stopped.run_period()
    again = agents(learning)
    again.load(stopped.state())
    assert (straight.run_period().reward == again.run_period().reward).all()
    for name, value in straight.weights.items():
        assert torch.equal(value, again.weights[name])


def test_agent_does_the_same_in_every_stack() -> None:
    both, alone = agents(LEARNING), agents(LEARNING, (2,))
    both.run_period()
    alone.run_period()
    for name, value in both.weights.items():
        torch.testing.assert_close(value[1], alone.weights[name][0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("two_hot", [None, {"lowest": 0, "highest": 10, "bins": 11}])
def test_agents_learn_the_true_labels(two_hot: dict | None) -> None:
    learning = QLearning.model_validate(
        {"batch_size": 16, "learning_rate": 0.03, "discount": 0.5, "exploration": 0.1, "replay": 500}
        | {"target_period": 50, "optimizer": {"name": "adam"}, "two_hot": two_hot}
    )
    stack = QAgents([network(s, learning) for s in (1, 2)], processes((1, 2)), IMAGES, learning, (1, 2))
    first, *_, last = [stack.run_period() for _ in range(5)]
    assert (last.right > 0.8).all()
    assert (last.right == last.reward).all()
    assert (last.reward > first.reward).all()


def test_penalty_is_added_to_the_loss_of_every_agent() -> None:
    """L2 Init with weights at their start adds nothing; after a step it pulls back by twice the weight."""
    learning = QLearning.of({**LEARNING.plain(), "penalty": {"name": "l2_init", "weight": 0.5}})
    stack = agents(learning)
    moved = {name: value + 0.1 for name, value in stack.weights.items()}
    initial = stack._methods.initial
    count = sum(value[0].numel() for value in moved.values())
    one = ({name: value[1] for name, value in kept.items()} for kept in (moved, initial))
    term = stack._methods.penalty_term(*one)
    assert term is not None
    assert float(term) == pytest.approx(0.5 * 0.01 * count)
    assert stack.run_period().loss.shape == (2,)


def test_hooks_and_interventions_change_each_agent_as_if_it_were_alone() -> None:
    methods = {"optimizer": {"name": "adam"}, "hooks": [{"name": "perturb", "shrink": 0.9, "perturb": 0.1}]}
    learning = QLearning.of({**LEARNING.plain(), **methods})
    both, alone = agents(learning), agents(learning, (2,))
    for stack in (both, alone):
        stack.run_period()
        stack.intervene(ResetHead(reset_optimizer=True))
    for name, value in both.weights.items():
        torch.testing.assert_close(value[1], alone.weights[name][0], rtol=1e-12, atol=1e-14)
    fresh = network(7, learning)
    fresh.initialise(torch_generator(2, "agents/fresh", 1))
    assert torch.equal(both.weights["head.weight"][1], fresh.head.weight.detach())
    assert not any(value.any() for value in both.optimizer.state().values())
    assert not torch.equal(both.target["head.weight"], both.weights["head.weight"])


def test_component_that_reads_more_than_weights_is_refused() -> None:
    learning = QLearning.of({**LEARNING.plain(), "hooks": [{"name": "redo", "every": 3}]})
    with pytest.raises(PlasticityError, match="hook redo: expected a component that reads weights alone"):
        agents(learning)


def test_optimizer_that_would_mix_agents_is_refused() -> None:
    learning = LEARNING.model_validate({**LEARNING.model_dump(), "optimizer": {"name": "muon"}})
    with pytest.raises(PlasticityError, match="expected an optimizer that goes number by number, got muon"):
        agents(learning)


def test_network_with_running_statistics_is_refused() -> None:
    model = ResNet18().build((3, 8, 8), 3)
    with pytest.raises(PlasticityError, match="expected a network without running statistics, got"):
        QValues(model, 3, LEARNING)
