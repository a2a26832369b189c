"""Layer normalisation in the compiled loop and in stacked tensors, against PyTorch's own layers in float64."""

from typing import Any

import numpy as np
import pytest
import torch

from online_problems import CLASSES, INPUTS, assert_same_networks, largest_difference, orders, sparse_images
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.mlp import MLP
from plasticity.storage.weights import weights_of
from plasticity.training.online.online_sgd import by_kernel, train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.outputs import put_outputs, with_outputs
from plasticity.training.online.replicas import keep_initial
from plasticity.training.online.stack import Network, Stack, stack_of
from plasticity.training.online.stacked import train_stacked
from typed import optimisation

PIXELS = sparse_images(300)
RATE, DECAY, DISTANCE = 0.02, 0.05, 0.03
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weight decay": {"weight_decay": DECAY},
    "l2_init": {"weight_decay": DECAY, "penalty": {"name": "l2_init", "weight": DISTANCE}},
}


def model(seed: int, hidden: tuple[int, ...] = (20, 12)) -> Classifier:
    """A network whose scales and shifts are not those of the start."""
    made, generator = MLP(hidden=hidden, layer_norm=True).build((INPUTS, 1, 1), CLASSES), torch.Generator()
    made.initialise(generator.manual_seed(seed))
    with torch.no_grad():
        for module in made.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
    return made


def networks(replicas: int = 1) -> Stack:
    made = stack_of([weights_of(model(seed)) for seed in range(replicas)])
    keep_initial(made, [weights_of(model(9 + seed)) for seed in range(replicas)])
    return made


def by_pytorch(made: Classifier, initial: Classifier, order: np.ndarray, given: Optimisation) -> Network:
    """Train in float64, with PyTorch's layers and optimizer."""
    made, initial, weight = made.double(), initial.double(), DISTANCE if given.penalty else 0.0
    plain = torch.optim.SGD(made.parameters(), lr=given.learning_rate, weight_decay=given.weight_decay)
    adam = torch.optim.Adam(made.parameters(), lr=given.learning_rate, weight_decay=given.weight_decay)
    optimizer = adam if given.optimizer else plain
    images, labels = torch.from_numpy(PIXELS.dense()).double(), torch.from_numpy(PIXELS.labels)
    for rows in torch.from_numpy(order).split(given.batch_size):
        loss = torch.nn.functional.cross_entropy(made(images[rows].view(-1, INPUTS, 1, 1)), labels[rows])
        pairs = zip(made.parameters(), initial.parameters(), strict=True)
        loss = loss + weight * sum(((p - first).square().sum() for p, first in pairs), start=torch.zeros(()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name: value.detach().numpy() for name, value in made.state_dict().items()}


@pytest.mark.parametrize("way", WAYS)
def test_the_compiled_loop_does_what_pytorch_does_in_float64(way: str) -> None:
    given, trained, order = optimisation({"learning_rate": RATE, **WAYS[way]}), networks(), orders(PIXELS, steps=500)
    assert by_kernel(given)
    train_online(trained, PIXELS, order, given)
    expected = by_pytorch(model(0), model(9), order[0], given)
    assert list(trained.network(0)) == list(expected)
    assert largest_difference(trained.network(0), expected) < 2e-5
    untrained = weights_of(model(0))
    assert all(np.abs(untrained[name] - value).max() > 1e-3 for name, value in expected.items())


@pytest.mark.parametrize("given", [{"batch_size": 7}, {"batch_size": 7, "optimizer": {"name": "adam"}}], ids=str)
def test_stacked_tensors_do_what_pytorch_does_in_float64(given: dict[str, Any]) -> None:
    training, trained, order = optimisation({"learning_rate": 0.002, **given}), networks(2), orders(PIXELS, 2)
    train_stacked(trained, PIXELS, order, training, "cpu")
    for replica in range(2):
        expected = by_pytorch(model(replica), model(9), order[replica], training)
        assert largest_difference(trained.network(replica), expected) < 1e-4


def test_a_network_comes_back_as_it_went_in_and_through_a_file() -> None:
    expected, made = weights_of(model(0, (5, 5, 5, 5, 5, 5))), stack_of([weights_of(model(0, (5, 5, 5, 5, 5, 5)))])
    assert list(made.network(0)) == list(expected)
    other = stack_of([weights_of(model(1, (5, 5, 5, 5, 5, 5)))])
    other.restore({name: value.copy() for name, value in made.tensors().items()})
    assert_same_networks(other, made)
    for name, value in other.network(0).items():
        np.testing.assert_array_equal(value, expected[name])


def test_further_outputs_rest_and_the_normalisation_learns() -> None:
    trained = networks(2)
    before = trained.take([0, 1])
    pixels = sparse_images(60, classes=3)
    small = with_outputs(trained, 3)
    train_online(small, pixels, orders(pixels, 2), optimisation({"learning_rate": RATE, **WAYS["l2_init"]}))
    put_outputs(trained, small)
    for mine, earlier in zip(trained.parts, before.parts, strict=True):
        assert mine.shape == earlier.shape
        assert not np.array_equal(mine, earlier)
    np.testing.assert_array_equal(trained.weights[-1][..., 3:], before.weights[-1][..., 3:])


def test_noise_of_every_step_shrinks_the_normalisation_and_adds_ones_to_its_scales() -> None:
    """At a learning rate of almost nothing, what is left of a start after n steps is known."""
    trained, steps, shrink, perturb = networks(), 40, 0.95, 0.02
    hook = {"name": "perturb", "shrink": shrink, "perturb": perturb}
    given = optimisation({"learning_rate": 1e-12, "hooks": [hook]})
    start = trained.take([0])
    for part in (slice(0, 15), slice(15, steps)):
        source = Origin([7], "tests", units=model(0).units())
        train_online(trained, PIXELS, orders(PIXELS, steps=steps)[:, part], given, origin=source)
    left = shrink**steps
    for mine, first in zip(trained.scales, start.scales, strict=True):
        np.testing.assert_allclose(mine, left * first + perturb * (1 - left) / (1 - shrink), rtol=1e-5)
    for mine, first in zip(trained.shifts, start.shifts, strict=True):
        np.testing.assert_allclose(mine, left * first, rtol=1e-5)


def test_outputs_that_overflow_end_the_training_of_their_network_alone() -> None:
    trained, alone = networks(2), networks(2).take([0])
    trained.weights[0][1] *= 1e38
    record = train_online(trained, PIXELS, orders(PIXELS, 2), optimisation({"learning_rate": RATE}), block=1)
    assert record.diverged.tolist() == [False, True]
    train_online(alone, PIXELS, orders(PIXELS, 2)[:1], optimisation({"learning_rate": RATE}))
    assert_same_networks(trained.take([0]), alone)


def changed(**parts: np.ndarray | None) -> Network:
    found = {**weights_of(model(0)), **{name.replace("_", "."): part for name, part in parts.items()}}
    return {name: part for name, part in found.items() if part is not None}


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (changed(body_2_weight=None, body_2_bias=None), "a normalisation of every hidden layer or of none"),
        (changed(body_2_weight=np.ones(5)), r"as many numbers as body\.1 has units, got body\.2 with \(5,\)"),
        (changed(body_2_bias=None), "fully connected networks of one shape"),
        (
            changed(body_9_weight=np.ones(12), body_9_bias=np.ones(12)),
            "a normalisation of every hidden layer or of none",
        ),
    ],
)
def test_normalisations_that_do_not_fit_are_one_line(network: Network, message: str) -> None:
    with pytest.raises(PlasticityError, match=f"^stack: expected {message}"):
        stack_of([network])
