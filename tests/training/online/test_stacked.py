"""Stacked tensors against the papers' loop, and against the kernel where both can do the work."""

import numpy as np
import pytest
import torch

from online_problems import (
    fresh,
    largest_difference,
    loop,
    orders,
    sparse_images,
    stack,
)
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.online.online_sgd import train_online
from plasticity.training.online.replicas import keep_initial
from plasticity.training.online.stack import stack_of
from plasticity.training.online.stacked import train_stacked
from plasticity.training.penalties.l2_init import L2Init
from typed import chosen

NONE = {"name": "none"}
PENALTIES = {
    "none": NONE,
    "nc1": {"name": "nc1", "weight": 0.05},
    "nc1 capped": {"name": "nc1", "weight": -0.05, "cap": 1.0},
}
TOLERANCE = 1e-5  # of the largest weight


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("batch_size", [4, 7])
def test_batches_do_what_a_loop_over_tensors_does(batch_size: int, penalty: str) -> None:
    sizes, pixels = (64, 16, 8, 4), sparse_images(300)  # 300 = 42 · 7 + 6: the last batch is short
    order = orders(pixels, 2)
    optimisation = Optimisation(
        learning_rate=0.02, weight_decay=0.01, batch_size=batch_size, penalty=chosen(PENALTIES[penalty])
    )
    trained = stack(sizes, 2)
    record = train_online(trained, pixels, order, optimisation, block=1)
    for replica in range(2):
        expected, hits = loop(fresh(sizes, replica), pixels, order[replica], optimisation)
        assert largest_difference(trained.network(replica), expected) < TOLERANCE
        counted = np.add.reduceat(hits, np.arange(0, 300, batch_size), dtype=np.int64)
        np.testing.assert_array_equal(record.correct[replica], counted)


@pytest.mark.parametrize("sizes", [(64, 4), (64, 7, 4), (64, 32, 16, 16, 4)], ids=str)
def test_at_batch_size_1_both_paths_agree(sizes: tuple[int, ...]) -> None:
    pixels, optimisation = sparse_images(1000), Optimisation(learning_rate=0.05)
    order = orders(pixels, 2)
    by_kernel, by_tensors = stack(sizes, 2), stack(sizes, 2)
    record = train_online(by_kernel, pixels, order, optimisation, block=1)
    hits = train_stacked(by_tensors, pixels, order, optimisation, "cpu")
    np.testing.assert_array_equal(record.correct, hits)
    for replica in range(2):
        assert largest_difference(by_kernel.network(replica), by_tensors.network(replica)) < TOLERANCE


def test_at_batch_size_1_both_paths_decay_alike() -> None:
    pixels, optimisation = sparse_images(1000), Optimisation(learning_rate=0.05, weight_decay=0.2)
    by_kernel, by_tensors = stack((64, 4)), stack((64, 4))
    train_online(by_kernel, pixels, orders(pixels), optimisation)
    train_stacked(by_tensors, pixels, orders(pixels), optimisation, "cpu")
    assert largest_difference(by_kernel.network(0), by_tensors.network(0)) < TOLERANCE


@pytest.mark.parametrize("penalty", ["none", "nc1"])
@pytest.mark.parametrize("batch_size", [4, 7, 32])
def test_replicas_do_not_depend_on_each_other(batch_size: int, penalty: str) -> None:
    sizes, pixels = (64, 12, 8, 4), sparse_images(150)
    order, optimisation = (
        orders(pixels, 3),
        Optimisation(learning_rate=0.05, weight_decay=0.01, batch_size=batch_size, penalty=chosen(PENALTIES[penalty])),
    )
    together = stack(sizes, 3)
    hits = train_stacked(together, pixels, order, optimisation, "cpu")
    for replica in range(3):
        alone = stack_of([fresh(sizes, replica)])
        found = train_stacked(alone, pixels, order[[replica]], optimisation, "cpu")[0]
        np.testing.assert_array_equal(found, hits[replica])
        # Not to the bit: with several threads a matrix product sums in another order when the stack is smaller.
        assert largest_difference(alone.network(0), together.network(replica)) < TOLERANCE


def test_the_pull_to_initial_weights_is_that_of_the_penaltys_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the bit as by automatic differentiation, one replica after another."""
    sizes, pixels = (64, 12, 8, 4), sparse_images(150)
    penalty = chosen({"name": "l2_init", "weight": 0.03})
    optimisation = Optimisation(learning_rate=0.05, batch_size=4, penalty=penalty)
    pulled, differentiated = stack(sizes, 3), stack(sizes, 3)
    for each, name in ((pulled, "weight"), (differentiated, "")):
        monkeypatch.setattr(L2Init, "weighs_distance_by", name)
        keep_initial(each, [each.network(replica) for replica in range(3)])
        train_stacked(each, pixels, orders(pixels, 3), optimisation, "cpu")
    for mine, theirs in zip(pulled.parts, differentiated.parts, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert largest_difference(pulled.network(0), fresh(sizes, 0)) > 0.01


def test_a_pull_without_initial_weights_is_refused() -> None:
    optimisation = Optimisation(learning_rate=0.05, batch_size=4, penalty=chosen({"name": "l2_init", "weight": 0.1}))
    with pytest.raises(PlasticityError, match="initial"):
        train_stacked(stack((64, 8, 4), 2), sparse_images(20), orders(sparse_images(20), 2), optimisation, "cpu")


def test_a_batch_larger_than_the_stream_is_one_step() -> None:
    pixels, trained = sparse_images(20), stack((64, 8, 4))
    optimisation = Optimisation(learning_rate=0.05, batch_size=64)
    train_online(trained, pixels, orders(pixels), optimisation)
    expected = loop(fresh((64, 8, 4)), pixels, orders(pixels)[0], optimisation)[0]
    assert largest_difference(trained.network(0), expected) < TOLERANCE


def test_the_global_generator_and_gradient_mode_stay_as_they_were() -> None:
    before = torch.random.get_rng_state()
    pixels = sparse_images(20)
    train_online(stack((64, 8, 4)), pixels, orders(pixels), Optimisation(learning_rate=0.05, batch_size=4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.is_grad_enabled()


@pytest.mark.slow
@pytest.mark.parametrize("decay", [0.002, 2e-6])
def test_weight_decay_is_as_exact_as_that_of_pytorchs_optimizer(decay: float) -> None:
    pixels, optimisation = (
        sparse_images(1000),
        Optimisation(learning_rate=0.05 if decay > 1e-5 else 0.01, weight_decay=decay),
    )
    order = np.tile(orders(pixels), (1, 1 if decay > 1e-5 else 3))
    expected = loop(fresh((64, 4)), pixels, order[0], optimisation, torch.float64)[0]
    single = loop(fresh((64, 4)), pixels, order[0], optimisation)[0]
    trained = stack((64, 4))
    train_stacked(trained, pixels, order, optimisation, "cpu")
    assert largest_difference(trained.network(0), expected) < 3 * largest_difference(single, expected)


@pytest.mark.slow
def test_numbers_too_small_for_a_cpu_change_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of gradients that have vanished, Adam keeps means that shrink forever: as zeros they cost nothing."""
    pixels = sparse_images(200)
    order = orders(pixels, 2, steps=16_000)  # 0.9 to the power of a thousand steps is below 1e-38
    optimisation = Optimisation(learning_rate=0.01, batch_size=8, optimizer=chosen({"name": "adam"}))
    found = []
    for flushed in (True, False):
        if not flushed:
            monkeypatch.setattr(torch, "set_flush_denormal", lambda _: True)
        trained = stack((64, 16, 8, 4), 2)
        train_stacked(trained, pixels, order, optimisation, "cpu")
        found.append(trained)
    kept = [np.abs(np.concatenate([part.ravel() for part in each.kept["optimizer/exp_avg"]])) for each in found]
    assert [np.count_nonzero((means > 0) & (means < np.finfo(np.float32).tiny)) > 0 for means in kept] == [False, True]
    for with_zeros, with_all in zip(found[0].parts, found[1].parts, strict=True):
        np.testing.assert_array_equal(with_zeros, with_all)
    assert (torch.tensor(1e-39) * 1).item() > 0  # and afterwards everything counts again
