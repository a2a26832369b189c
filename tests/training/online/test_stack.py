from pathlib import Path

import numpy as np
import pytest
import torch

from online_problems import assert_same_networks, fresh, stack
from plasticity.errors import PlasticityError
from plasticity.storage.checkpoints import read_checkpoint, write_checkpoint
from plasticity.storage.weights import load_weights, weights_of
from plasticity.training.online.stack import stack_of
from small_problems import MLP, image_tensors, network

SIZES = (6, 5, 7, 3)


def _permutations(replicas: int, inputs: int) -> np.ndarray:
    return np.stack([np.random.default_rng(seed).permutation(inputs) for seed in range(replicas)])


def test_networks_come_back_as_they_went_in() -> None:
    networks = [fresh(SIZES, seed) for seed in range(3)]
    made = stack_of(networks)
    assert (len(made), made.sizes, made.names) == (3, SIZES, ("body.1", "body.3", "head"))
    for replica, expected in enumerate(networks):
        found = made.network(replica)
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert (found[name].dtype, found[name].flags["C_CONTIGUOUS"]) == (np.float32, True)
            np.testing.assert_array_equal(found[name], value)


def test_a_models_weights_go_through_a_stack() -> None:
    model, other = network(MLP), network(MLP, seed=1)
    load_weights(other, stack_of([weights_of(model)]).network(0))
    inputs = image_tensors(10).batch(torch.arange(10))[0]
    assert torch.equal(model(inputs), other(inputs))


def test_what_a_stack_gives_away_is_a_copy() -> None:
    given = fresh(SIZES)
    made = stack_of([given, given])
    copies = [given, made.network(0), made.take([0]).network(0)]
    before = [{name: value.copy() for name, value in copy.items()} for copy in copies]
    for part in made.weights + made.biases:
        part[:] = 0
    for copy, kept in zip(copies, before, strict=True):
        for name, value in kept.items():
            np.testing.assert_array_equal(copy[name], value)


def test_take_and_put_move_chosen_replicas_and_no_other() -> None:
    made, others = stack(SIZES, 4), stack_of([fresh(SIZES, seed) for seed in (7, 8)])
    assert_same_networks(made.take([2, 0]), stack_of([fresh(SIZES, 2), fresh(SIZES, 0)]))
    made.put([3, 1], others)
    assert_same_networks(made, stack_of([fresh(SIZES, seed) for seed in (0, 8, 2, 7)]))


def test_tensors_restore_a_stack() -> None:
    made, other = stack(SIZES, 2), stack_of([fresh(SIZES, seed) for seed in (5, 6)])
    saved = {name: value.copy() for name, value in made.tensors().items()}
    assert list(saved) == ["weight0", "weight1", "weight2", "bias0", "bias1", "bias2"]
    other.restore(saved)
    assert_same_networks(other, made)


def test_permuted_inputs_do_what_permuted_images_would() -> None:
    made, images = stack(SIZES, 3), np.random.default_rng(0).random((10, SIZES[0]))
    positions = _permutations(3, SIZES[0])
    before = [weight.copy() for weight in made.weights]
    made.permute_inputs(positions)
    for replica in range(3):
        permuted = np.zeros_like(images)
        permuted[:, positions[replica]] = images  # pixel p goes to position[p]
        np.testing.assert_allclose(images @ made.weights[0][replica], permuted @ before[0][replica], rtol=1e-6)
    assert not np.array_equal(made.weights[0], before[0])
    for mine, kept in zip(made.weights[1:], before[1:], strict=True):
        np.testing.assert_array_equal(mine, kept)
    made.restore_inputs(positions)
    np.testing.assert_array_equal(made.weights[0], before[0])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("part", ["weights", "biases"])
def test_finite_names_the_networks_that_are_not(wrong: float, part: str) -> None:
    made = stack(SIZES, 3)
    assert made.finite().tolist() == [True, True, True]
    getattr(made, part)[1][1].flat[2] = wrong
    assert made.finite().tolist() == [True, False, True]


def _without(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in fresh(SIZES).items() if key != name}


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ([], "expected at least one network, got none"),
        ([fresh(SIZES), fresh((6, 5, 8, 3))], "expected fully connected networks of one shape"),
        ([_without("head.bias")], "expected fully connected networks of one shape"),
        ([_without("head.weight")], "expected fully connected networks of one shape"),
        ([{**fresh(SIZES), "body.2.running_mean": np.zeros(5)}], "expected fully connected networks of one shape"),
        ([_without("body.3.weight") | {"body.3.weight": np.zeros((7, 4))}], "expected layers that fit on each other"),
        ([{**fresh(SIZES), "head.bias": np.zeros(4)}], r"fit on each other, got head with \(3, 7\) and \(4,\)"),
        ([{**fresh(SIZES), "head.weight": np.zeros((3, 7, 1))}], "expected layers that fit on each other"),
        ([{"a.weight": np.zeros((2, 3, 3)), "a.bias": np.zeros(2)}], "expected layers that fit on each other"),
    ],
)
def test_networks_that_do_not_fit_are_refused_in_one_line(networks: list, message: str) -> None:
    with pytest.raises(PlasticityError, match=rf"^stack: .*{message}") as error:
        stack_of(networks)
    assert "\n" not in str(error.value)


def test_layers_keep_their_order_through_a_checkpoint(tmp_path: Path) -> None:
    network = fresh((64, 8, 8, 8, 8, 8, 8, 4))  # body.11 and body.13 stand before body.3 in the file
    write_checkpoint(tmp_path / "checkpoint", network, {})
    assert stack_of([read_checkpoint(tmp_path / "checkpoint").weights]).names == stack_of([network]).names
