import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.config import catalogue
from plasticity.errors import PlasticityError
from plasticity.models.weights import load_weights, weights_of
from plasticity.training.interventions import INTERVENTIONS, intervened, is_buffer, shrink_perturb
from small_problems import MLP, RESNET, image_tensors, network, run_in, state

CHOICES = ["keep", "fresh", "recalibrate"]


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


@pytest.mark.parametrize("batch_norm", CHOICES)
def test_an_intervention_is_found_by_its_name_and_gets_its_parameters(used, fresh, batch_norm: str) -> None:
    parameters = {"shrink": 0.4, "perturb": 0.2, "batch_norm": batch_norm}
    got = intervened(used, fresh, {"name": "shrink_perturb", **parameters})
    expected = shrink_perturb(used, fresh, **parameters)
    assert list(got) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value)


def test_every_intervention_of_the_catalogue_exists() -> None:
    assert set(INTERVENTIONS) == set(catalogue.INTERVENTIONS)


def test_an_unknown_intervention_is_one_line(used, fresh) -> None:
    message = r"^intervention\.name: expected one of \['shrink_perturb'\], got 'reset'$"
    with pytest.raises(PlasticityError, match=message):
        intervened(used, fresh, {"name": "reset", "shrink": 0.4})


@pytest.mark.parametrize(
    ("name", "expected"),
    [("body.1.running_mean", True), ("running_var", True), ("a.num_batches_tracked", True), ("body.1.weight", False)],
)
def test_is_buffer(name: str, expected: bool) -> None:
    assert is_buffer(name) is expected


def test_every_buffer_of_a_network_is_known() -> None:
    model = network(RESNET)
    assert {name for name in state(model) if is_buffer(name)} == {name for name, _ in model.named_buffers()}
