"""Stacked agents against a plain loop in float64, resumption, independence of the stack, and learning."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import torch

from plasticity.config.agent_section import QLearning, TwoHot
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier, initialise_linear
from plasticity.models.mlp import MLP
from plasticity.models.resnet import ResNet18
from plasticity.seeding import numpy_generator, torch_generator
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.q_agents import QAgents
from plasticity.training.agents.q_values import QValues
from plasticity.training.agents.replay import Transitions
from plasticity.training.forward import Forward
from plasticity.training.hooks.step_hook import HookContext, StepHook
from plasticity.training.interventions.reset_head import ResetHead
from plasticity.training.model_view import ModelView
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step_hooks import StepHooks, hooks_of

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


def agents(learning: QLearning, seeds: tuple[int, ...] = (1, 2), reward: str = "sparse") -> QAgents:
    return QAgents([network(seed, learning) for seed in seeds], processes(seeds, reward), IMAGES, learning, seeds)


class Slots:
    """An optimizer that keeps nothing, as plain gradient descent does."""

    def slots_of(self, name: str) -> dict[str, torch.Tensor]:
        del name
        return {}


class Plain:
    """One agent by a loop that follows the algorithm line by line, on a network of its own."""

    def __init__(self, learning: QLearning, seed: int, reward: str = "sparse") -> None:
        self.learning, self.seed, (self.process,) = learning, seed, processes((seed,), reward)
        self.online, self.rewards = network(seed, learning), []
        self.target, self.memory = deepcopy(self.online), []
        self.row = self.process.first(numpy_generator(seed, "agents/first"))
        self.optimizer = torch.optim.SGD(self.online.parameters(), lr=learning.learning_rate)
        self.view = ModelView(self.online, reads_layers=True, reads_initial=True)
        self.penalty = penalty_of(learning.penalty)
        self.hooks = StepHooks(hooks_of(learning.hooks), self.view, Slots())
        self.hooks.begin(seed, "agents")

    def run_period(self, period: int) -> None:
        generator = numpy_generator(self.seed, "agents/period", period)
        for _ in range(self.learning.target_period):
            action = int(self.online(IMAGES[[self.row]]).argmax())
            if generator.random() < self.learning.exploration:
                action = int(generator.integers(CLASSES))
            reward, following = self.process.step(self.row, action, generator)
            place = len(self.rewards) % self.learning.replay
            self.memory[place : place + 1] = [(self.row, action, reward, following)]
            self.rewards.append(reward)
            self.row = following
            size = self.learning.batch_size
            if len(self.memory) >= size:
                self.learn([self.memory[place] for place in generator.integers(len(self.memory), size=size)])
        self.target = deepcopy(self.online)

    def learn(self, batch: list[tuple[int, int, float, int]]) -> None:
        rows, taken, gained, came = (list(column) for column in zip(*batch, strict=True))
        with torch.no_grad():
            values = self.target(IMAGES[came])
            chosen = (self.online(IMAGES[came]) if self.learning.double else values).argmax(1)
        with self.view.watching():
            outputs = self.online(IMAGES[rows])
        labels = torch.from_numpy(self.process.right[rows])
        forward = Forward(self.view.layers[-1], outputs, labels, self.view, IMAGES[rows])
        each = range(len(batch))
        aims = torch.tensor(gained) + self.learning.discount * values[each, chosen]
        loss = ((outputs[each, taken] - aims) ** 2).mean()
        if self.penalty is not None:
            loss = loss + self.penalty.term(self.penalty(forward))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.hooks.after_step(forward)


def agree(stack: QAgents, learning: QLearning, periods: int, reward: str = "sparse") -> None:
    """Compare a stack after so many periods with plain agents."""
    for place, seed in enumerate((1, 2)):
        wanted = Plain(learning, seed, reward)
        for period in range(periods):
            wanted.run_period(period + 1)
        assert stack.replay.state()["rewards"][place] == pytest.approx(np.array([m[2] for m in wanted.memory]))
        for name, value in wanted.online.named_parameters():
            torch.testing.assert_close(stack.weights[name][place], value.detach(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("period", [3, 15], ids=["images valued as they come", "all at the period's beginning"])
@pytest.mark.parametrize("double", [False, True])
def test_stack_learns_what_single_agents_learn(double: bool, period: int) -> None:
    learning = LEARNING.model_copy(update={"double": double, "target_period": period})
    stack = agents(learning)
    periods = [stack.run_period() for _ in range(45 // period)]
    agree(stack, learning, len(periods))


METHODS = [
    {"penalty": {"name": "l2_init", "weight": 0.1}},
    {"penalty": {"name": "effective_rank", "weight": 0.1}},
    {"penalty": {"name": "nc1", "weight": 0.01}},
    {"penalty": {"name": "spectral", "weight": 0.01}},
    {"hooks": [{"name": "redo", "every": 5, "threshold": 0.9}]},
    {"hooks": [{"name": "continual_backprop", "replacement_rate": 0.05, "maturity": 3}]},
    {"hooks": [{"name": "self_normalized_resets", "every": 5, "percentile": 0.1}]},
    {"hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.1, "every": 4, "images": 6}]},
    {"hooks": [{"name": "perturb", "shrink": 0.99, "perturb": 0.01}, {"name": "clip_weights", "factor": 1}]},
]


@cache
def without_methods() -> QAgents:
    """Agents after two periods that no method acts on."""
    stack = agents(LEARNING, reward="random_label")
    stack.run_period()
    stack.run_period()
    return stack


@pytest.mark.parametrize("methods", METHODS, ids=str)
def test_methods_act_on_an_agent_of_a_stack_as_on_a_network_of_its_own(methods: dict) -> None:
    learning = QLearning.of({**LEARNING.plain(), **methods})
    stack = agents(learning, reward="random_label")
    stack.run_period()
    stack.run_period()
    agree(stack, learning, 2, "random_label")
    assert not torch.equal(stack.weights["head.weight"], without_methods().weights["head.weight"])
    again = agents(learning, reward="random_label")
    again.load(stack.state())
    assert (stack.run_period().reward == again.run_period().reward).all()
    for name, value in stack.weights.items():
        assert torch.equal(value, again.weights[name])


def test_two_hot_loss_is_the_cross_entropy_of_the_aims() -> None:
    learning = LEARNING.model_copy(update={"two_hot": TwoHot(lowest=0, highest=2, bins=3)})
    stack = agents(learning, (1,))
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
    passed = stack._network(stack.weights, IMAGES[None, :2])
    found = stack._values.losses(passed.outputs, torch.tensor([[2, 1]]), aims.detach()[None])
    torch.testing.assert_close(found[0], wanted.detach())


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


class Unread(Classifier):
    """Has a weight that nothing reads."""

    def __init__(self) -> None:
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(9, CLASSES))
        self.unread = torch.nn.Parameter(torch.ones(2))

    def initialise(self, generator: torch.Generator) -> None:
        initialise_linear(self.head, generator)


def test_a_weight_that_nothing_reads_stays_as_it_is() -> None:
    stack = QAgents([Unread().double() for _ in range(2)], processes((1, 2)), IMAGES, LEARNING, (1, 2))
    stack.run_period()
    assert (stack.weights["unread"] == 1).all()
    assert stack.finite().all()


def test_classes_of_categorical_values_are_the_actions() -> None:
    methods = {"penalty": {"name": "nc1", "weight": 0.01}, "two_hot": {"lowest": 0, "highest": 2, "bins": 3}}
    stack = agents(QLearning.of({**LEARNING.plain(), **methods}))
    seen = IMAGES[:8].expand(2, -1, -1, -1, -1)
    passed = stack._network(stack.weights, seen)
    one, _ = stack._methods._forwards(stack._methods._agents, passed, seen, torch.zeros(2, 8))
    assert (one.num_classes, one.logits.shape) == (CLASSES, (8, 3 * CLASSES))
    assert np.isfinite(stack.run_period().loss).all()


class Peeping(StepHook):
    """Reads what it does not say that it reads."""

    def after_step(self, context: HookContext) -> None:
        _ = context.forward.layers


class PeepingAtStart(StepHook):
    """The same, of the weights that a network began its life with."""

    def after_step(self, context: HookContext) -> None:
        _ = context.forward.initial_parameters


@pytest.mark.parametrize(("hook", "message"), [(Peeping, "reads_layers: expected"), (PeepingAtStart, "reads_initial:")])
def test_what_a_hook_does_not_say_that_it_reads_is_not_there(hook: type[StepHook], message: str) -> None:
    learning = QLearning.of({**LEARNING.plain(), "hooks": [{"name": f"{__name__}:{hook.__name__}"}]})
    with pytest.raises(PlasticityError, match=message):
        agents(learning).run_period()


def test_optimizer_that_would_mix_agents_is_refused() -> None:
    learning = LEARNING.model_validate({**LEARNING.model_dump(), "optimizer": {"name": "muon"}})
    with pytest.raises(PlasticityError, match="expected an elementwise optimizer, got muon"):
        agents(learning)


def test_network_with_running_statistics_is_refused() -> None:
    model = ResNet18().build((3, 8, 8), 3)
    with pytest.raises(PlasticityError, match="expected a network without running statistics, got"):
        QValues(model, 3, LEARNING)
