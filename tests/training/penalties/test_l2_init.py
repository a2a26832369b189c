import numpy as np
import pytest
import torch

from plasticity.data.image_tensors import ImageTensors
from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.step import TrainingStep
from small_problems import MLP, RESNET, assert_same, image_tensors, network, state
from typed import optimisation
from typed import penalty as made_penalty

PLAIN = {"learning_rate": 0.05, "momentum": 0.0, "weight_decay": 0.0}
WEIGHT = 0.03
CHOSEN = {"name": "l2_init", "weight": WEIGHT}


def step_of(model: dict, penalty: dict, *, weights: int = 0) -> TrainingStep:
    made = network(model, weights)
    return TrainingStep(made, bind_optimiser(made, optimisation(PLAIN)), image_tensors(48), made_penalty(penalty))


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_it_pulls_towards_the_initial_weights(model: dict) -> None:
    """Against the gradient by hand: 2 · weight · (θ − θ₀) beside that of the cross-entropy."""
    step, plain = step_of(model, CHOSEN, weights=1), step_of(model, {"name": "none"}, weights=1)
    initial = weights_of(network(model, 2))
    step.view.begin_life(initial)
    before = {name: value.detach().clone() for name, value in step.model.named_parameters()}
    for each in (step, plain):
        each.start()
        each(torch.arange(48))
    distance = sum(float((before[name] - torch.from_numpy(initial[name])).square().sum()) for name in before)
    assert float(step.sums[2]) == pytest.approx(distance, rel=1e-5)
    for name, parameter in step.model.named_parameters():
        pull = 2 * WEIGHT * (before[name] - torch.from_numpy(initial[name]))
        expected = dict(plain.model.named_parameters())[name] - PLAIN["learning_rate"] * pull
        torch.testing.assert_close(parameter, expected, rtol=1e-4, atol=1e-6)


def test_it_starts_at_nothing_where_the_training_begins() -> None:
    step = step_of(MLP, CHOSEN)
    step.start()
    step(torch.arange(16))
    assert float(step.sums[2]) == 0


def test_weights_stay_closer_to_their_start() -> None:
    found = []
    for penalty in ({"name": "none"}, CHOSEN, {"name": "l2_init", "weight": 1.0}):
        step, before = step_of(MLP, penalty), state(network(MLP))
        for _ in range(6):
            train_epoch(step, torch.arange(48), batch_size=16)
        found.append(sum(float((value - before[name]).square().sum()) for name, value in state(step.model).items()))
    assert found[0] > found[1] > found[2] > 0


def test_it_is_half_as_strong_as_weight_decay_of_the_same_number() -> None:
    """Towards zero weights it is weight decay of twice its weight."""
    step = step_of(MLP, CHOSEN)
    step.view.begin_life({name: np.zeros_like(value) for name, value in weights_of(step.model).items()})
    images: ImageTensors = image_tensors(48)
    made = network(MLP)
    decayed = TrainingStep(made, bind_optimiser(made, optimisation({**PLAIN, "weight_decay": 2 * WEIGHT})), images)
    for each in (step, decayed):
        train_epoch(each, torch.arange(48), batch_size=16)
    for name, value in state(step.model).items():
        torch.testing.assert_close(value, state(decayed.model)[name], rtol=1e-4, atol=1e-6)


def test_buffers_are_no_part_of_it() -> None:
    step = step_of(RESNET, CHOSEN)
    assert set(step.view.initial_parameters) == {name for name, _ in step.model.named_parameters()}
    assert_same(dict(step.view.initial_parameters), {n: p.detach() for n, p in step.model.named_parameters()})
