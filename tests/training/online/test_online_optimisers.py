"""Whatever optimiser, penalty and hook: stacked tensors against the papers' loop, and what is kept between tasks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from online_problems import assert_same_networks, fresh, largest_difference, loop, orders, sparse_images, stack
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.interventions.intervention import intervened
from plasticity.training.online.online_sgd import by_kernel, stacked_for, train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.replicas import (
    checkpoint_of,
    keep_initial,
    optimizer_of,
    parts_of,
    put_optimizer,
    put_state,
    state_of,
)
from plasticity.training.online.stack import Network, Stack, stack_of
from typed import intervention

SIZES = (64, 16, 8, 4)
RATE, DECAY = 0.003, 0.01
Make = Callable[[Any], torch.optim.Optimizer]
WAYS: dict[str, tuple[dict[str, Any], Make]] = {
    "momentum": ({"momentum": 0.9}, lambda p: torch.optim.SGD(p, RATE, momentum=0.9, weight_decay=DECAY)),
    "nesterov": (
        {"momentum": 0.9, "optimizer": {"name": "sgd", "nesterov": True}},
        lambda p: torch.optim.SGD(p, RATE, momentum=0.9, nesterov=True, weight_decay=DECAY),
    ),
    "adam": ({"optimizer": {"name": "adam"}}, lambda p: torch.optim.Adam(p, RATE, weight_decay=DECAY)),
    "adamw": (
        {"optimizer": {"name": "adamw", "betas": [0.99, 0.99]}},
        lambda p: torch.optim.AdamW(p, RATE, betas=(0.99, 0.99), weight_decay=DECAY),
    ),
    "rmsprop": (
        {"optimizer": {"name": "rmsprop", "centered": True, "eps": 1e-3}},
        lambda p: torch.optim.RMSprop(p, RATE, centered=True, eps=1e-3, weight_decay=DECAY),
    ),
}
L2 = {"name": "l2_init", "weight": 0.05}
HOOKS = [{"name": "own_components:IdleUnits", "every": 5}, {"name": "perturb", "shrink": 0.999, "perturb": 0.01}]


def draw(generator: torch.Generator) -> Network:
    return {name: torch.randn(value.shape, generator=generator).numpy() for name, value in fresh(SIZES).items()}


def optimisation(way: str = "", batch_size: int = 1, **changed: Any) -> Optimisation:
    said = {"learning_rate": RATE, "weight_decay": DECAY, "batch_size": batch_size}
    return Optimisation.of({**said, **(WAYS[way][0] if way else {}), **changed})


def train(trained: Stack, given: Optimisation, order: np.ndarray, images: int = 200, **options: Any) -> np.ndarray:
    return train_online(trained, sparse_images(images), order, given, block=1, **options).correct


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("batch_size", [1, 7])
def test_stacked_networks_do_what_a_loop_with_pytorchs_optimizer_does(way: str, batch_size: int) -> None:
    pixels, trained = sparse_images(200), stack(SIZES, 2)
    order = orders(pixels, 2)
    hits = train(trained, optimisation(way, batch_size), order)
    for replica in range(2):
        expected, right = loop(
            fresh(SIZES, replica), pixels, order[replica], optimisation(way, batch_size), optimizer=WAYS[way][1]
        )
        assert largest_difference(trained.network(replica), expected) < 2e-4  # rounding, where a mean square is tiny
        counted = np.add.reduceat(right, np.arange(0, 200, batch_size), dtype=np.int64)
        assert np.abs(hits[replica] - counted).sum() <= 1


@pytest.mark.parametrize("way", WAYS)
def test_what_an_optimizer_keeps_goes_from_stream_to_stream(way: str) -> None:
    order, at_once, in_parts = orders(sparse_images(200), 2), stack(SIZES, 2), stack(SIZES, 2)
    train(at_once, optimisation(way), order)
    for part in (order[:, :50], order[:, 50:120], order[:, 120:]):
        train(in_parts, optimisation(way), part)
        saved, in_parts = in_parts, stack(SIZES, 2)  # as a killed training finds it in a file
        in_parts.restore({name: value.copy() for name, value in saved.tensors().items()})
    assert_same_networks(in_parts, at_once)
    assert in_parts.kept.keys() == at_once.kept.keys() != set()
    for name, arrays in at_once.kept.items():
        for mine, theirs in zip(in_parts.kept[name], arrays, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_hooks_go_from_stream_to_stream_and_draw_by_seed() -> None:
    order, given = orders(sparse_images(120), 2), optimisation("adam", hooks=HOOKS)
    origin = Origin([3, 4], "tests", draw)
    at_once, in_parts, other = stack(SIZES, 2), stack(SIZES, 2), stack(SIZES, 2)
    train(at_once, given, order, 120, origin=origin)
    for part in (order[:, :33], order[:, 33:]):
        train(in_parts, given, part, 120, origin=origin)
        saved, in_parts = in_parts, stack(SIZES, 2)
        in_parts.restore({name: value.copy() for name, value in saved.tensors().items()})
    assert_same_networks(in_parts, at_once)
    train(other, given, order, 120, origin=Origin([3, 5], "tests", draw))
    assert (at_once.weights[0][0] == other.weights[0][0]).all()
    assert not (at_once.weights[0][1] == other.weights[0][1]).all()
    resets = [arrays[0] for name, arrays in at_once.kept.items() if name.endswith("0/resets")]
    assert [found.tolist() for found in resets] == [[24, 24]]


def test_a_hook_is_each_replicas_own() -> None:
    order, given = orders(sparse_images(60), 2), optimisation("momentum", hooks=HOOKS)
    together = stack(SIZES, 2)
    train(together, given, order, 60, origin=Origin([3, 4], "tests", draw))
    for replica in range(2):
        alone = stack_of([fresh(SIZES, replica)])
        train(alone, given, order[[replica]], 60, origin=Origin([3 + replica], "tests", draw))
        assert largest_difference(alone.network(0), together.network(replica)) < 1e-5


def test_replicas_that_have_taken_other_numbers_of_steps_learn_side_by_side() -> None:
    order, together = orders(sparse_images(200), 2), stack(SIZES, 2)
    train(together, optimisation("adam"), order[:, :80])
    put_optimizer(together, 1, {})
    alone = stack_of([together.network(1)])
    longer = together.take([0])
    train(together, optimisation("adam"), order[:, 80:])
    train(alone, optimisation("adam"), order[[1], 80:])
    train(longer, optimisation("adam"), order[[0], 80:])
    assert_same_networks(together.take([1]), alone)
    assert_same_networks(together.take([0]), longer)
    assert together.kept["optimizer/step"][0].tolist() == [200, 120]


def test_penalties_see_each_replicas_initial_weights() -> None:
    pixels, given = sparse_images(100), optimisation(penalty=L2)
    order, trained, start = orders(pixels, 2), stack(SIZES, 2), [fresh(SIZES, 5), fresh(SIZES, 6)]
    keep_initial(trained, start)
    train(trained, given, order, 100)
    for replica in range(2):
        parameters = [torch.from_numpy(v.copy()).requires_grad_() for v in fresh(SIZES, replica).values()]
        first = [torch.from_numpy(value) for value in start[replica].values()]
        steps = torch.optim.SGD(parameters, RATE, weight_decay=DECAY)
        for row in order[replica]:
            h = torch.from_numpy(pixels.dense()[[row]])
            for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
                h = torch.nn.functional.linear(h, weight, bias).relu()
            logits = torch.nn.functional.linear(h, *parameters[-2:])
            loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(pixels.labels[[row]]))
            pull = sum(
                ((p - p0).square().sum() for p, p0 in zip(parameters, first, strict=True)), start=torch.zeros(())
            )
            steps.zero_grad()
            (loss + 0.05 * pull).backward()
            steps.step()
        expected = dict(zip(fresh(SIZES), [parameter.detach().numpy() for parameter in parameters], strict=True))
        assert largest_difference(trained.network(replica), expected) < 1e-5


def test_initial_weights_that_nobody_keeps_are_one_line() -> None:
    with pytest.raises(PlasticityError, match=r"^reads_initial: expected true"):
        train(stack(SIZES), optimisation(penalty=L2), orders(sparse_images(200)))


def test_what_is_kept_of_weights_goes_with_their_inputs() -> None:
    trained = stack(SIZES, 2)
    keep_initial(trained, [fresh(SIZES, 0), fresh(SIZES, 1)])
    train(trained, optimisation("adam"), orders(sparse_images(200), 2))
    before = trained.take([0, 1])
    positions = np.stack([np.random.default_rng(seed).permutation(SIZES[0]) for seed in range(2)])
    trained.permute_inputs(positions)
    for name in ("initial/parameters", "optimizer/exp_avg"):
        for replica in range(2):
            moved = before.kept[name][0][replica][positions[replica]]
            np.testing.assert_array_equal(trained.kept[name][0][replica], moved)
    trained.restore_inputs(positions)
    for name, arrays in before.kept.items():
        for mine, theirs in zip(trained.kept[name], arrays, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_checkpoint_holds_network_and_optimizer() -> None:
    trained, other = stack(SIZES, 2), stack(SIZES, 2)
    assert checkpoint_of(trained, 1).keys() == trained.network(1).keys()  # plain descent keeps nothing
    train(trained, optimisation("adam"), orders(sparse_images(200), 2))
    network, optimizer = parts_of(checkpoint_of(trained, 1))
    assert network.keys() == trained.network(1).keys()
    assert optimizer["head.weight"]["exp_avg"].shape == (4, 8)  # as in state_dict
    put_optimizer(other, 0, optimizer)
    for name, slots in optimizer_of(other, 0).items():
        for slot, value in slots.items():
            np.testing.assert_array_equal(value, optimizer[name][slot])
    assert not any(arrays[1].any() for kept in other.kept.values() for arrays in kept)


def test_a_reset_head_forgets_the_optimizer_of_the_head_or_all() -> None:
    for everything in (False, True):
        trained = stack(SIZES, 2)
        train(trained, optimisation("adam"), orders(sparse_images(200), 2))
        kept, other = optimizer_of(trained, 0), optimizer_of(trained, 1)
        chosen = intervention({"name": "reset_head", "reset_optimizer": everything})
        put_state(trained, 0, intervened(chosen, state_of(trained, 0, fresh(SIZES, 9))))
        for name, slots in optimizer_of(trained, 0).items():
            gone = everything or name.startswith("head.")
            for slot, value in slots.items():
                np.testing.assert_array_equal(value, np.zeros_like(value) if gone else kept[name][slot])
        np.testing.assert_array_equal(trained.network(0)["head.weight"], fresh(SIZES, 9)["head.weight"])
        for name, slots in optimizer_of(trained, 1).items():
            for slot, value in slots.items():
                np.testing.assert_array_equal(value, other[name][slot])
        train(trained, optimisation("adam"), orders(sparse_images(200), 2))  # heads count their own steps


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, ""),
        ({"optimizer": {"name": "sgd", "nesterov": False}}, ""),
        ({"batch_size": 4}, "4 images per step"),
        ({"penalty": L2}, ""),
        ({"optimizer": {"name": "adam"}}, "optimizer adam"),
        ({"momentum": 0.5}, "momentum 0.5"),
        ({"hooks": HOOKS[:1], "batch_size": 2}, "2 images per step, hooks own_components:IdleUnits"),
    ],
)
def test_the_compiled_loop_is_for_descent_on_single_images(given: dict[str, Any], why: str) -> None:
    found = Optimisation.of({"learning_rate": 0.1, **given})
    assert (stacked_for(found), by_kernel(found)) == (why, not why)


def test_a_penalty_that_is_no_scalar_is_one_line() -> None:
    chosen = {"name": "own_components:PerImage"}
    with pytest.raises(
        PlasticityError, match=r"^penalty PerImage: expected a tensor without dimensions, got shape \(3,\)$"
    ):
        train(stack(SIZES), optimisation(batch_size=3, penalty=chosen), orders(sparse_images(200)))
