"""The compiled loop against the papers' loop over tensors: the same networks and the same predictions."""

import numpy as np
import pytest
import torch

from online_problems import assert_same_networks, fresh, largest_difference, loop, orders, sparse_images, stack
from plasticity.config.training_section import Optimisation
from plasticity.training.online import kernel
from plasticity.training.online.online_sgd import train_online
from plasticity.training.online.pixels import pixels_of_rows
from plasticity.training.online.stack import stack_of

STEPS = 1200
TOLERANCE = 1e-5  # of the largest weight, after STEPS steps in float32 sums of another order
CASES = {
    "no hidden layer": ((64, 4), 0.05, 0.01),
    "width 7": ((64, 7, 4), 0.1, 0.0),
    "width 100": ((64, 100, 4), 0.02, 0.001),
    "two layers": ((64, 16, 33, 4), 0.05, 0.0),
    "the papers' network": ((784, 100, 100, 100, 10), 0.01, 0.0),
    "four layers that decay until they are rescaled": ((64, 7, 7, 7, 7, 4), 0.1, 0.5),
    "rescaled every few steps": ((64, 12, 4), 0.1, 9.0),
}
PLAIN = Optimisation(learning_rate=0.05)


@pytest.mark.parametrize("case", CASES)
def test_the_kernel_does_what_a_loop_over_tensors_does(case: str) -> None:
    sizes, learning_rate, weight_decay = CASES[case]
    pixels = sparse_images(300, sizes[0], classes=sizes[-1])
    order, optimisation = (
        orders(pixels, steps=STEPS),
        Optimisation(learning_rate=learning_rate, weight_decay=weight_decay),
    )
    expected, hits = loop(fresh(sizes), pixels, order[0], optimisation, torch.float64)
    trained = stack(sizes)
    record = train_online(trained, pixels, order, optimisation, block=1)
    assert largest_difference(trained.network(0), expected) < TOLERANCE
    np.testing.assert_array_equal(record.correct[0], hits)
    assert largest_difference(trained.network(0), fresh(sizes)) > 100 * TOLERANCE  # it did learn something


def test_decay_below_the_smallest_scale_is_among_the_cases() -> None:
    rescaled = [rate * decay for _, rate, decay in CASES.values() if (1 - rate * decay) ** STEPS < 1e-3]
    assert rescaled == [0.1 * 0.5, 0.1 * 9.0]
    assert kernel._SMALLEST_SCALE == 1e-3


def test_weight_decay_alone_shrinks_what_no_image_touches() -> None:
    rows = np.zeros((4, 6), np.float32)
    rows[:, 0] = 1
    pixels, before = pixels_of_rows(rows, np.zeros(4, np.int64), 3), stack((6, 5, 3))
    trained = before.take([0])
    train_online(trained, pixels, orders(pixels, steps=100), Optimisation(learning_rate=0.1, weight_decay=0.2))
    shrunk = before.weights[0][:, 1:] * np.float32((1 - 0.1 * 0.2) ** 100)
    np.testing.assert_allclose(trained.weights[0][:, 1:], shrunk, rtol=1e-5)


def test_images_without_any_pixel_train_biases_alone() -> None:
    pixels = pixels_of_rows(np.zeros((5, 6)), np.array([2, 2, 2, 0, 2]), 3)
    before, trained = stack((6, 5, 3)), stack((6, 5, 3))
    order = orders(pixels, steps=50)
    record = train_online(trained, pixels, order, PLAIN, block=1)
    expected, hits = loop(fresh((6, 5, 3)), pixels, order[0], PLAIN)
    np.testing.assert_array_equal(trained.weights[0], before.weights[0])
    assert largest_difference(trained.network(0), expected) < TOLERANCE
    np.testing.assert_array_equal(record.correct[0], hits)


def test_of_equal_outputs_the_first_class_is_predicted_as_the_loop_does() -> None:
    zero = {name: np.zeros_like(value) for name, value in fresh((6, 5, 3)).items()}
    for label in range(3):
        pixels = pixels_of_rows(np.ones((1, 6)), np.array([label]), 3)
        hits = loop(zero, pixels, np.array([0]), PLAIN)[1]
        record = train_online(stack_of([zero]), pixels, np.array([[0]]), PLAIN)
        assert record.correct.tolist() == [[int(hits[0])]] == [[int(label == 0)]]


def test_a_hidden_layer_of_dead_units_passes_nothing_down() -> None:
    network = fresh((64, 16, 8, 4))
    network["body.3.bias"][:] = -100
    pixels, trained = sparse_images(200), stack_of([network])
    order = orders(pixels)
    train_online(trained, pixels, order, PLAIN)
    for name in ("body.1.weight", "body.1.bias", "body.3.weight", "body.3.bias", "head.weight"):
        np.testing.assert_array_equal(trained.network(0)[name], network[name])
    assert largest_difference(trained.network(0), loop(network, pixels, order[0], PLAIN)[0]) < TOLERANCE


@pytest.mark.parametrize("width", [7, 16, 100])
def test_replicas_depend_neither_on_each_other_nor_on_threads(width: int) -> None:
    sizes, pixels = (64, width, width, 4), sparse_images(200)
    order, optimisation = orders(pixels, 4), Optimisation(learning_rate=0.05, weight_decay=0.01)
    together = {threads: stack(sizes, 4) for threads in (1, 2, 3, 8)}
    records = {n: train_online(made, pixels, order, optimisation, threads=n) for n, made in together.items()}
    alone = [stack_of([fresh(sizes, seed)]) for seed in range(4)]
    hits = [train_online(made, pixels, order[[seed]], optimisation).correct for seed, made in enumerate(alone)]
    for threads, made in together.items():
        np.testing.assert_array_equal(records[threads].correct, np.concatenate(hits))
        for seed in range(4):
            assert_same_networks(made.take([seed]), alone[seed])


def test_a_stream_in_parts_is_the_stream() -> None:
    pixels, whole, parts = sparse_images(200), stack((64, 16, 4), 2), stack((64, 16, 4), 2)
    order = orders(pixels, 2)
    train_online(whole, pixels, order, PLAIN)
    for first in range(0, 200, 50):
        train_online(parts, pixels, order[:, first : first + 50], PLAIN)
    assert_same_networks(whole, parts)


def test_permuted_inputs_learn_what_permuted_images_teach() -> None:
    pixels, made = sparse_images(300), stack((64, 16, 4), 2)
    positions = np.stack([np.random.default_rng(seed).permutation(64) for seed in range(2)])
    order, rows, expected = orders(pixels, 2), pixels.dense(), made.take([0, 1])
    for replica in range(2):
        permuted = np.zeros_like(rows)
        permuted[:, positions[replica]] = rows
        images = pixels_of_rows(permuted, pixels.labels, 4)
        one = expected.take([replica])
        train_online(one, images, order[[replica]], PLAIN)
        expected.put([replica], one)
    made.permute_inputs(positions)
    train_online(made, pixels, order, PLAIN)
    made.restore_inputs(positions)
    for replica in range(2):
        assert largest_difference(made.network(replica), expected.network(replica)) < TOLERANCE
