import numpy as np
import pytest
import torch

from plasticity.errors import PlasticityError
from plasticity.jobs.device import place
from plasticity.storage.weights import load_weights, weights_of
from small_problems import MLP, RESNET, assert_same, network, run_in, state


@pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])
def test_round_trip(settings: dict) -> None:
    model, other = network(settings), network(settings, seed=1)
    run_in(model)
    load_weights(other, weights_of(model))
    assert_same(state(other), state(model))


def test_every_parameter_and_buffer_is_there() -> None:
    model = network(RESNET)
    weights = weights_of(model)
    assert weights.keys() == model.state_dict().keys()
    assert {*dict(model.named_parameters()), *dict(model.named_buffers())} == weights.keys()
    assert weights["body.1.num_batches_tracked"].dtype == np.int64


def test_arrays_are_contiguous_copies() -> None:
    model = network(RESNET)
    place(model, torch.device("cpu"))
    weights = weights_of(model)
    before = {name: value.copy() for name, value in weights.items()}
    assert all(value.flags.c_contiguous for value in weights.values())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    for name, value in weights.items():
        np.testing.assert_array_equal(value, before[name])
    load_weights(model, weights)
    weights["head.bias"] += 5
    assert model.head.bias.abs().max() < 5


def test_loading_keeps_the_layout_on_the_device() -> None:
    model = network(RESNET)
    place(model, torch.device("cpu"))
    strides = {name: value.stride() for name, value in model.state_dict().items()}
    load_weights(model, weights_of(network(RESNET, seed=4)))
    assert {name: value.stride() for name, value in model.state_dict().items()} == strides


@pytest.mark.parametrize("change", ["missing", "unknown", "shape"])
def test_other_weights_are_refused(change: str) -> None:
    model = network(MLP)
    weights = weights_of(model)
    before = state(model)
    if change == "missing":
        del weights["head.bias"]
    elif change == "unknown":
        weights["foot.bias"] = weights["head.bias"]
    else:
        weights["head.bias"] = weights["head.bias"][:-1]
    with pytest.raises(PlasticityError, match=r"does not fit the model.*(head|foot)\.bias") as error:
        load_weights(model, weights)
    assert "\n" not in str(error.value)
    assert_same(state(model), before)
