"""Interventions on a whole network: FIRE, a fresh one, an optimizer that forgets."""

import numpy as np
import pytest

from methods_beside import CONVNET, MLP
from plasticity.storage.weights import weights_of
from plasticity.training.interventions.fire import polar_factor
from plasticity.training.interventions.intervention import NetworkState, intervened
from small_problems import RESNET, network
from typed import intervention


def state_of(model: dict) -> NetworkState:
    weights, fresh = (weights_of(network(model, seed)) for seed in (1, 2))
    slots = {name: {"velocity": np.ones_like(value)} for name, value in weights.items()}
    initial = {name: weights_of(network(model, 3))[name] for name, _ in network(model).named_parameters()}
    return NetworkState(weights, fresh, head=["head.weight", "head.bias"], optimizer=slots, initial=initial)


def test_a_fresh_network_keeps_nothing() -> None:
    state = state_of(RESNET)
    after = intervened(intervention({"name": "reset_network"}), state)
    assert all(np.array_equal(value, state.fresh[name]) for name, value in after.weights.items())
    assert all(np.array_equal(value, state.fresh[name]) for name, value in after.initial.items())
    assert not after.optimizer


def test_an_optimizer_that_forgets_keeps_the_weights() -> None:
    state = state_of(MLP)
    after = intervened(intervention({"name": "reset_optimizer"}), state)
    assert after.weights is state.weights
    assert after.initial is state.initial
    assert not after.optimizer


@pytest.mark.parametrize("iterations", [0, 40])
@pytest.mark.parametrize("model", [MLP, CONVNET, RESNET], ids=["mlp", "convnet", "resnet"])
def test_fire_makes_the_nearest_isometry_of_every_matrix(model: dict, iterations: int) -> None:
    state = state_of(model)
    after = intervened(intervention({"name": "fire", "iterations": iterations}), state)
    for name, value in state.weights.items():
        if value.ndim < 2:
            assert np.array_equal(after.weights[name], value)
            continue
        for place in np.ndindex(*value.shape[2:]):
            left, _, right = np.linalg.svd(value[:, :, *place].astype(float), full_matrices=False)
            scale = (value.shape[0] / value.shape[1]) ** 0.5 / np.prod(value.shape[2:])
            np.testing.assert_allclose(after.weights[name][:, :, *place], scale * left @ right, atol=2e-5)
    assert after.optimizer == state.optimizer


def test_no_matrix_is_no_isometry() -> None:
    for iterations in (0, 5):
        factor = polar_factor(np.zeros((2, 3)), iterations)
        assert np.isfinite(factor).all()
