import numpy as np
import pytest

from plasticity.training.online.online_sgd import train_online
from plasticity.training.online.outputs import network_with_outputs, put_outputs, with_outputs
from plasticity.training.online.pixels import pixels_of_rows
from plasticity.training.online.replicas import keep_initial
from plasticity.training.online.stack import Stack, stack_of
from typed import optimisation

SIZES, OUTPUTS, CLASSES = (4, 6, 5), 5, 3


def _stack(seed: int = 0) -> Stack:
    random = np.random.default_rng(seed)
    networks = [
        {
            f"{name}.{part}": random.normal(size=shape).astype(np.float32)
            for name, fan_in, fan_out in (("body.1", 4, 6), ("head", 6, OUTPUTS))
            for part, shape in (("weight", (fan_out, fan_in)), ("bias", (fan_out,)))
        }
        for _ in range(2)
    ]
    stack = stack_of(networks)
    keep_initial(stack, networks)
    stack.keep("penalty/head.weight", [(OUTPUTS,)], np.dtype(np.float32))[0][:] = 7
    stack.keep("penalty of 2/head.weight", [(2,)], np.dtype(np.float32))[0][:] = 5
    stack.keep("hooks/0/age", [(6,)], np.dtype(np.float32))[0][:] = 3
    return stack


@pytest.mark.parametrize(
    "training",
    [
        {"batch_size": 1},
        {"batch_size": 2, "optimizer": {"name": "adam"}},
        {"batch_size": 2, "momentum": 0.9, "penalty": {"name": "l2_init", "weight": 0.1}},
    ],
    ids=["kernel", "adam", "penalised"],
)
def test_the_first_outputs_learn_and_the_others_rest(training: dict) -> None:
    stack, random = _stack(), np.random.default_rng(1)
    before = stack.take([0, 1])
    pixels = pixels_of_rows(random.normal(size=(12, 4)), random.integers(0, CLASSES, 12), CLASSES)
    settings = optimisation({"learning_rate": 0.1, "weight_decay": 0.01, **training})
    small = with_outputs(stack, CLASSES)
    assert small.sizes == (4, 6, CLASSES)
    orders = np.stack([random.permutation(12) for _ in range(2)])
    train_online(small, pixels, orders, settings)
    put_outputs(stack, small)
    assert stack.sizes == before.sizes
    for mine, theirs, earlier in zip(stack.weights, small.weights, before.weights, strict=True):
        np.testing.assert_array_equal(mine[..., : theirs.shape[-1]], theirs)
        assert not np.array_equal(mine, earlier)
    np.testing.assert_array_equal(stack.weights[-1][..., CLASSES:], before.weights[-1][..., CLASSES:])
    np.testing.assert_array_equal(stack.biases[-1][..., CLASSES:], before.biases[-1][..., CLASSES:])
    for name, arrays in stack.kept.items():
        for array, part in zip(arrays, stack.weights + stack.biases, strict=False):
            assert array.ndim == 1 or name.startswith(("hooks/", "penalty")) or array.shape == part.shape
    again = with_outputs(stack, CLASSES)
    assert {name: [a.tolist() for a in arrays] for name, arrays in again.kept.items()} == {
        name: [a.tolist() for a in arrays] for name, arrays in small.kept.items()
    }


def test_what_the_penalty_keeps_is_of_as_many_outputs_and_what_hooks_keep_goes_on() -> None:
    stack = _stack()
    small = with_outputs(stack, CLASSES)
    assert "penalty/head.weight" not in small.kept
    assert small.kept["hooks/0/age"][0].tolist() == [[3.0] * 6] * 2
    small.keep("penalty/head.weight", [(CLASSES,)], np.dtype(np.float32))[0][:] = 1
    put_outputs(stack, small)
    assert stack.kept["penalty/head.weight"][0].tolist() == [[7.0] * OUTPUTS] * 2
    for number, value in ((CLASSES, 1.0), (2, 5.0)):
        found = with_outputs(stack, number).kept
        assert [name for name in found if name.startswith("penalty")] == ["penalty/head.weight"]
        assert found["penalty/head.weight"][0].tolist() == [[value] * number] * 2


def test_a_copy_shares_no_memory() -> None:
    stack = _stack()
    small = with_outputs(stack, OUTPUTS)
    for part in small.weights + small.biases:
        part[:] = 0
    assert not np.array_equal(small.weights[0], stack.weights[0])


def test_a_network_loses_outputs_of_its_head_alone() -> None:
    network = _stack().network(0)
    found = network_with_outputs(network, ["head.weight", "head.bias"], 2)
    assert found["head.weight"].tolist() == network["head.weight"][:2].tolist()
    assert found["head.bias"].shape == (2,)
    assert found["body.1.weight"] is network["body.1.weight"]
