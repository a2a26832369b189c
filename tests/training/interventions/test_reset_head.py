import numpy as np
import pytest

from plasticity.storage.weights import weights_of
from plasticity.training.interventions.intervention import NetworkState, intervened
from small_problems import RESNET, network, run_in
from typed import intervention as made

HEAD = ("head.weight", "head.bias")


@pytest.fixture
def state() -> NetworkState:
    model = network(RESNET)
    run_in(model)
    weights = weights_of(model)
    parameters = [name for name, _ in model.named_parameters()]
    slots = {name: {"exp_avg": np.full_like(weights[name], 2), "step": np.float32(7)} for name in parameters}
    return NetworkState(
        weights=weights,
        fresh=weights_of(network(RESNET, seed=1)),
        head=HEAD,
        buffers=[name for name, _ in model.named_buffers()],
        optimizer={name: {slot: np.asarray(value) for slot, value in kept.items()} for name, kept in slots.items()},
        initial={name: weights[name] + 1 for name in parameters},
    )


@pytest.mark.parametrize("reset_optimizer", [False, True])
def test_the_head_is_that_of_the_fresh_network_and_nothing_else(state: NetworkState, reset_optimizer: bool) -> None:
    after = intervened(made({"name": "reset_head", "reset_optimizer": reset_optimizer}), state)
    for name, value in after.weights.items():
        expected = state.fresh if name in HEAD else state.weights
        np.testing.assert_array_equal(value, expected[name])
    for name, value in after.initial.items():
        expected = state.fresh if name in HEAD else state.initial
        np.testing.assert_array_equal(value, expected[name])
    after.weights["head.weight"][:] = 9
    assert not (state.fresh["head.weight"] == 9).any()


def test_the_optimizer_forgets_the_head_or_everything(state: NetworkState) -> None:
    head = intervened(made({"name": "reset_head"}), state)
    assert set(head.optimizer) == set(state.optimizer) - set(HEAD)
    assert all(head.optimizer[name] is state.optimizer[name] for name in head.optimizer)
    whole = intervened(made({"name": "reset_head", "reset_optimizer": True}), state)
    assert whole.optimizer == {}
