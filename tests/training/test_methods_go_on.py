"""Every method, broken off and continued, and on stacked networks, does what it does in one go and alone."""

from typing import Any

import numpy as np
import pytest
import torch

from methods_beside import MLP, batch, step_of
from online_problems import orders
from plasticity.data.image_tensors import ImageTensors
from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.online.online_sgd import Origin, train_online
from plasticity.training.online.pixels import pixels_of_images
from plasticity.training.online.stack import stack_of
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of
from small_problems import CLASSES, assert_same, network, pictures, state
from typed import chosen, optimisation, penalty

METHODS: dict[str, dict[str, Any]] = {
    "perturb": {"hooks": [{"name": "perturb", "shrink": 0.99, "perturb": 0.01}]},
    "brownian": {"hooks": [{"name": "brownian", "learning_rate": 0.05}]},
    "clip_weights": {"hooks": [{"name": "clip_weights", "factor": 1.0}]},
    "redo": {"hooks": [{"name": "redo", "every": 4, "threshold": 0.5, "batches": 3}]},
    "self_normalized_resets": {"hooks": [{"name": "self_normalized_resets", "threshold": 2, "every": 3}]},
    "continual_backprop": {"hooks": [{"name": "continual_backprop", "replacement_rate": 0.05, "maturity": 2}]},
    "effective_rank_ascent": {
        "hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.01, "every": 4, "images": 13}]
    },
    "spectral": {"penalty": {"name": "spectral", "weight": 0.01}},
    "parseval": {"penalty": {"name": "parseval", "weight": 0.01}},
    "effective_rank": {"penalty": {"name": "effective_rank", "weight": 0.01}},
    "muon": {"optimizer": {"name": "muon"}, "momentum": 0.0},
}


@pytest.mark.parametrize("name", METHODS)
def test_a_training_that_was_broken_off_continues_to_the_bit(name: str) -> None:
    straight, first, second = (step_of(MLP, **METHODS[name]) for _ in range(3))
    for number in range(9):
        straight(batch(number))
        (first if number < 5 else second)(batch(number))
        if number == 4:
            second.model.load_state_dict(first.model.state_dict())
            for mine, theirs in ((second.optimizer, first.optimizer), (second.at_work, first.at_work)):
                mine.load({key: value.clone() for key, value in theirs.state().items()})  # pyright: ignore
            second.view.load(first.view.state())
    assert_same(state(second.model), state(straight.model))


@pytest.mark.parametrize("name", METHODS)
def test_stacked_networks_do_what_each_does_alone(name: str) -> None:
    """In two streams, the second going on from the first."""
    method, models = METHODS[name], [network(MLP, seed) for seed in (0, 1)]
    rows, labels = pictures(60)
    pixels = pixels_of_images(rows, labels, CLASSES)
    order = orders(pixels, 2, steps=48)
    stack = stack_of([weights_of(model) for model in models])
    given = optimisation({"learning_rate": 0.02, "weight_decay": 0.001, "batch_size": 4, "momentum": 0.9, **method})
    spare = network(MLP)

    def draw(generator: torch.Generator) -> dict:
        spare.initialise(generator)
        return weights_of(spare)

    origin = Origin([7, 8], "tests", draw, spare.units())
    for stream in (order[:, :20], order[:, 20:]):
        train_online(stack, pixels, stream, given, origin=origin)
    zero = torch.zeros(())
    images = ImageTensors(torch.from_numpy(rows), torch.from_numpy(labels), mean=zero, std=zero + 1)
    for replica, model in enumerate(models):
        hooks = hooks_of([chosen(each) for each in method.get("hooks", ())])
        step = TrainingStep(
            model, bind_optimiser(model, given), images, penalty(method.get("penalty", {"name": "none"})), hooks=hooks
        )
        step.at_work.begin(7 + replica, "tests")
        for first in range(0, 48, 4):
            step(torch.from_numpy(order[replica, first : first + 4]))
        for key, value in stack.network(replica).items():
            np.testing.assert_allclose(value, state(model)[key].numpy(), rtol=2e-4, atol=2e-5, err_msg=key)
