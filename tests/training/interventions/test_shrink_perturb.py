import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.storage.weights import load_weights, weights_of
from plasticity.training.interventions.intervention import NetworkState, intervened
from small_problems import MLP, RESNET, image_tensors, is_buffer, network, run_in
from typed import intervention as made

CHOICES = ["keep", "fresh", "recalibrate"]
BUFFERS = [name for name, _ in network(RESNET).named_buffers()]
Weights = Mapping[str, np.ndarray]


def shrink_perturb(weights: Weights, fresh: Weights, **parameters: Any) -> Weights:
    state = NetworkState(weights, fresh, head=(), buffers=BUFFERS)
    return intervened(made({"name": "shrink_perturb", **parameters}), state).weights


@pytest.fixture(scope="module")
def used() -> dict[str, np.ndarray]:
    model = network(RESNET)
    run_in(model)
    return weights_of(model)


@pytest.fixture(scope="module")
def fresh() -> dict[str, np.ndarray]:
    return weights_of(network(RESNET, seed=1))


@pytest.mark.parametrize("batch_norm", CHOICES)
@settings(max_examples=10, deadline=None)
@given(shrink=st.floats(0, 1), perturb=st.floats(0, 3))
def test_parameters_are_a_weighted_sum(used, fresh, batch_norm: str, shrink: float, perturb: float) -> None:
    got = shrink_perturb(used, fresh, shrink=shrink, perturb=perturb, batch_norm=batch_norm)
    assert list(got) == list(used)
    parameters = {name for name in used if not is_buffer(name)}
    assert parameters == {name for name, _ in network(RESNET).named_parameters()}
    for name in parameters:
        expected = shrink * used[name].astype(np.float64) + perturb * fresh[name].astype(np.float64)
        np.testing.assert_allclose(got[name], expected, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(("batch_norm", "from_checkpoint"), [("keep", True), ("fresh", False), ("recalibrate", False)])
def test_buffers_come_from_the_chosen_network(used, fresh, batch_norm: str, from_checkpoint: bool) -> None:
    got = shrink_perturb(used, fresh, shrink=0.6, perturb=0.01, batch_norm=batch_norm)
    buffers = [name for name in used if is_buffer(name)]
    assert {*buffers} == {name for name, _ in network(RESNET).named_buffers()}
    differing = 0
    for name in buffers:
        np.testing.assert_array_equal(got[name], (used if from_checkpoint else fresh)[name])
        differing += not np.array_equal(used[name], fresh[name])
    assert differing == len(buffers)  # every one of them tells the two apart


@pytest.mark.parametrize("batch_norm", CHOICES)
def test_types_and_shapes_are_kept(used, fresh, batch_norm: str) -> None:
    got = shrink_perturb(used, fresh, shrink=0.6, perturb=0.01, batch_norm=batch_norm)
    for name, value in used.items():
        assert isinstance(got[name], np.ndarray)
        assert (got[name].dtype, got[name].shape) == (value.dtype, value.shape)
    assert got["body.1.num_batches_tracked"].dtype == np.int64
    load_weights(network(RESNET), got)


def test_nothing_changes_at_shrink_one_and_perturb_zero(used, fresh) -> None:
    got = shrink_perturb(used, fresh, shrink=1, perturb=0, batch_norm="keep")
    for name, value in used.items():
        np.testing.assert_array_equal(got[name], value)


def test_shrink_zero_and_perturb_one_is_the_fresh_network(used, fresh) -> None:
    got = shrink_perturb(used, fresh, shrink=0, perturb=1, batch_norm="fresh")
    for name, value in fresh.items():
        np.testing.assert_array_equal(got[name], value)


@pytest.mark.parametrize("batch_norm", CHOICES)
def test_inputs_stay_and_are_not_shared(used, fresh, batch_norm: str) -> None:
    weights, noise = copy.deepcopy(used), copy.deepcopy(fresh)
    got = shrink_perturb(weights, noise, shrink=1, perturb=0, batch_norm=batch_norm)
    for value in got.values():
        value.fill(1)
    for name, value in used.items():
        np.testing.assert_array_equal(weights[name], value)
        np.testing.assert_array_equal(noise[name], fresh[name])


def test_shrinking_a_network_without_biases_keeps_its_predictions() -> None:
    model, images = network(MLP), image_tensors(30).batch(torch.arange(30))[0]
    weights = weights_of(model)
    assert not any(weights[name].any() for name in weights if name.endswith("bias"))
    with torch.no_grad():
        before = model(images)
        load_weights(model, shrink_perturb(weights, weights, shrink=0.5, perturb=0.0, batch_norm="keep"))
        torch.testing.assert_close(model(images), before * 0.5**3)  # homogeneous: three layers


def test_shrinking_to_nothing_leaves_nothing_of_the_network(used, fresh) -> None:
    kept = {"head.weight": {"exp_avg": np.ones_like(used["head.weight"])}}
    state = NetworkState(
        used, fresh, head=(), buffers=BUFFERS, optimizer=kept, initial={"head.weight": used["head.weight"]}
    )
    for shrink in (0.0, 0.5):
        chosen = {"name": "shrink_perturb", "shrink": shrink, "perturb": 1.0, "batch_norm": "keep"}
        after = intervened(made(chosen), state)
        assert dict(after.optimizer) == (kept if shrink else {})
        expected = (used if shrink else fresh)["head.weight"]
        np.testing.assert_array_equal(after.initial["head.weight"], expected)


@pytest.mark.parametrize("batch_norm", CHOICES)
def test_statistics_are_estimated_anew_where_it_says_so(batch_norm: str) -> None:
    chosen = {"name": "shrink_perturb", "shrink": 0.5, "perturb": 0.1, "batch_norm": batch_norm}
    assert made(chosen).recalibrates is (batch_norm == "recalibrate")
