"""Hooks at work: when they act, what they see, what is saved of them."""

import pytest
import torch

from plasticity.errors import PlasticityError
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.graphs import recordable
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of
from small_problems import MLP, assert_same, image_tensors, network
from typed import chosen, optimisation

TRAINING = {"learning_rate": 0.05, "weight_decay": 0.0, "optimizer": {"name": "adam"}}
IDLE = {"name": "own_components:IdleUnits", "every": 2}


def step_with(*hooks: dict) -> TrainingStep:
    made = network(MLP)
    given = bind_optimiser(made, optimisation(TRAINING)), image_tensors(32)
    return TrainingStep(made, *given, hooks=hooks_of([chosen(hook) for hook in hooks]))


def test_a_hook_sees_layers_and_changes_weights_and_what_the_optimizer_keeps() -> None:
    step = step_with(IDLE)
    step.at_work.begin(1, "tests")
    for _ in range(2):
        step(torch.arange(32))
    kept = step.at_work.state()
    assert {name: tuple(value.shape) for name, value in kept.items()} == {"0/resets": (), "0/use": (8,), "step": ()}
    assert (int(kept["0/resets"]), int(kept["step"])) == (1, 2)
    unit = int(kept["0/use"].argmin())
    slots = step.optimizer.slots_of("head.weight")
    assert not slots["exp_avg"][:, unit].any()
    assert slots["exp_avg"].any()


def test_before_training_is_called_once_for_each_network() -> None:
    step = step_with(IDLE)
    step.at_work.begin(1, "tests")
    step(torch.arange(32))
    step(torch.arange(32))
    saved = {name: value.clone() for name, value in step.at_work.state().items()}
    step.at_work.begin(1, "tests")  # continues
    assert_same(step.at_work.state(), saved)
    step.reset()
    assert step.at_work.step == 0
    step.at_work.begin(2, "tests")
    assert int(step.at_work.state()["0/resets"]) == 0
    assert "0/use" not in step.at_work.state()


def test_what_is_loaded_is_a_copy_and_nothing_else_is_left() -> None:
    one, other = step_with(IDLE), step_with(IDLE)
    one.at_work.begin(1, "tests")
    one(torch.arange(32))
    saved = {name: value.clone() for name, value in one.at_work.state().items()}
    other.at_work.load(saved)
    assert_same(other.at_work.state(), saved)
    saved["0/use"].fill_(9)
    assert not (other.at_work.state()["0/use"] == 9).any()


def test_hooks_act_in_their_order_and_draw_apart() -> None:
    perturb = {"name": "perturb", "shrink": 1.0, "perturb": 0.1}
    steps = [step_with(perturb, perturb), step_with({**perturb, "perturb": 0.2})]
    for step in steps:
        step.at_work.begin(1, "tests")
        step(torch.arange(32))
    one, twice = (step.model.head.weight for step in steps)
    assert not torch.allclose(one, twice)  # two draws are not one of twice the size


def test_the_global_generator_is_untouched() -> None:
    before = torch.random.get_rng_state()
    step = step_with(IDLE, {"name": "perturb", "shrink": 0.9, "perturb": 0.1})
    step.at_work.begin(1, "tests")
    step(torch.arange(32))
    step(torch.arange(32))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_step_with_hooks_is_not_recorded() -> None:
    assert not step_with(IDLE).recordable
    assert not recordable(step_with(IDLE))


def test_no_forward_pass_before_a_step() -> None:
    step = step_with(IDLE)
    with pytest.raises(PlasticityError, match=r"^hook: expected to read the forward pass after a step"):
        _ = step.at_work._contexts[0].forward


def test_what_a_hook_keeps_are_tensors() -> None:
    step = step_with({"name": "own_components:Counting"})
    step(torch.arange(32))
    with pytest.raises(
        PlasticityError, match=r"^hook Counting: expected a tensor in context.state\['steps'\], got int$"
    ):
        step.at_work.state()


def test_an_unknown_hook_is_one_line() -> None:
    with pytest.raises(
        PlasticityError, match=r"^hook\.name: expected one of .*, got 'perturbs'; did you mean 'perturb'\?$"
    ):
        hooks_of([chosen({"name": "perturbs"})])
