"""Methods inside the compiled loop against stacked tensors and the papers' loop: same numbers, same draws."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from online_problems import INPUTS, assert_same_networks, largest_difference, orders, sparse_images
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.models.mlp import MLP
from plasticity.seeding import derive_seed
from plasticity.storage.weights import weights_of
from plasticity.training.online.online_sgd import by_kernel, stacked_for, train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.replicas import keep_initial
from plasticity.training.online.stack import Stack, stack_of
from plasticity.training.online.stacked import train_stacked
from typed import optimisation

PIXELS = sparse_images(300)
TOLERANCE = 3e-5  # of the largest weight: float32 sums of another order
L2_INIT = {"penalty": {"name": "l2_init", "weight": 0.05}}
BACKPROP = {"name": "continual_backprop", "replacement_rate": 0.01, "maturity": 15}
ASCENT = {"name": "effective_rank_ascent", "learning_rate": 0.02, "every": 20, "images": 30}
PERTURB = {"name": "perturb", "shrink": 0.99, "perturb": 0.01}
METHODS: dict[str, dict[str, Any]] = {
    "l2_init": L2_INIT,
    "l2_init and weight decay": L2_INIT | {"weight_decay": 0.03},
    "l2_init until the scale is folded in": {"penalty": {"name": "l2_init", "weight": 5.0}},
    "continual_backprop": {"hooks": [BACKPROP], "weight_decay": 0.01},
    "continual_backprop, zero": {"hooks": [BACKPROP | {"outgoing": "zero"}]},
    "continual_backprop, redraw": {"hooks": [BACKPROP | {"outgoing": "redraw", "weights_every": 7}]},
    "continual_backprop, adaptable": {"hooks": [BACKPROP | {"utility": "adaptable_contribution"}]},
    "continual_backprop, adaptable, l2_init": {"hooks": [BACKPROP | {"utility": "adaptable_contribution"}], **L2_INIT},
    "effective_rank_ascent": {"hooks": [ASCENT]},
    "effective_rank_ascent, weight decay": {"hooks": [ASCENT | {"images": 10}], "weight_decay": 0.01},
    "effective_rank_ascent, l2_init": {"hooks": [ASCENT | {"last": 1}], **L2_INIT},
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Let matrices of a few rows be multiplied by one thread, as in the study's jobs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def model(seed: int, *, norm: bool = False) -> torch.nn.Module:
    made = MLP(hidden=(20, 12), layer_norm=norm).build((INPUTS, 1, 1), 4)
    made.initialise(torch.Generator().manual_seed(seed))
    return made


def fresh_stack(replicas: int = 2, *, norm: bool = False) -> Stack:
    networks = [weights_of(model(seed, norm=norm)) for seed in range(replicas)]
    made = stack_of(networks)
    keep_initial(made, [weights_of(model(9 + seed, norm=norm)) for seed in range(replicas)])
    return made


def origin(replicas: int = 2, *, norm: bool = False) -> Origin:
    units = model(0, norm=norm).units()  # pyright: ignore
    return Origin([3 + replica for replica in range(replicas)], "tests", units=units)


def given(name: str) -> Optimisation:
    return optimisation({"learning_rate": 0.02, **METHODS[name]})


def kept_of(stack: Stack) -> dict[str, np.ndarray]:
    """What hooks keep, but for places in the ring of images and the images, which may be turned."""
    turned = ("0/images", "0/next", "0/count")
    return {name: kept[0] for name, kept in stack.kept.items() if "hooks/" in name and not name.endswith(turned)}


@pytest.mark.parametrize("norm", [False, True], ids=["plain", "layer norm"])
@pytest.mark.parametrize("name", METHODS)
def test_the_compiled_loop_does_what_stacked_tensors_do(name: str, norm: bool) -> None:
    order, compiled, tensors, plain = orders(PIXELS, 2, steps=160), *(fresh_stack(norm=norm) for _ in range(3))
    source = origin(norm=norm)
    assert by_kernel(given(name))
    for stream in (order[:, :70], order[:, 70:]):  # broken off within a stretch
        hits = train_online(compiled, PIXELS, stream, given(name), block=1, threads=2, origin=source).correct
        expected = train_stacked(tensors, PIXELS, stream, given(name), "cpu", source)
        assert np.mean(hits != expected) < 0.005
    train_online(plain, PIXELS, order, optimisation({"learning_rate": 0.02}))
    for replica in range(2):
        assert largest_difference(compiled.network(replica), tensors.network(replica)) < TOLERANCE
        assert largest_difference(compiled.network(replica), plain.network(replica)) > 100 * TOLERANCE
    mine, theirs = kept_of(compiled), kept_of(tensors)
    assert mine.keys() == theirs.keys()
    for key, value in theirs.items():
        np.testing.assert_allclose(mine[key], value, rtol=1e-3, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", METHODS)
def test_a_stream_in_parts_is_the_stream(name: str) -> None:
    """To the bit where parts end with stretches; a part's end rounds the scale into the weights."""
    order, at_once, in_parts = orders(PIXELS, 2, steps=100), fresh_stack(), fresh_stack()
    train_online(at_once, PIXELS, order, given(name), origin=origin())
    for part in (order[:, :40], order[:, 40:60], order[:, 60:]):
        train_online(in_parts, PIXELS, part, given(name), origin=origin())
        saved, in_parts = in_parts, fresh_stack()  # as a killed training finds it in a file
        in_parts.restore({key: value.copy() for key, value in saved.tensors().items()})
    for replica in range(2):
        assert largest_difference(in_parts.network(replica), at_once.network(replica)) < TOLERANCE
    if "ascent" in name and "l2" not in name:
        assert_same_networks(in_parts, at_once)


@pytest.mark.parametrize("name", ["l2_init", "continual_backprop", "effective_rank_ascent"])
def test_replicas_depend_neither_on_each_other_nor_on_threads(name: str) -> None:
    order = orders(PIXELS, 3, steps=150)
    together, alone = fresh_stack(3), fresh_stack(3)
    train_online(together, PIXELS, order, given(name), threads=3, origin=origin(3))
    for replica in range(3):
        one = alone.take([replica])
        train_online(one, PIXELS, order[[replica]], given(name), origin=origin(3).of([replica]))
        assert_same_networks(together.take([replica]), one)


def test_a_network_that_diverges_under_a_hook_is_told() -> None:
    made = fresh_stack()
    made.weights[1][1] *= 1e25
    record = train_online(made, PIXELS, orders(PIXELS, 2), given("continual_backprop"), origin=origin())
    assert record.diverged.tolist() == [False, True]


def drawn(key: int, step: int, count: int) -> np.ndarray:
    """The kernel's numbers of a step from U(±1): SplitMix64 of key and step, and a hash of the place."""
    mask = 2**64 - 1
    state = (key + step * 0x9E3779B97F4A7C15) & mask
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    state ^= state >> 31
    first, second = np.uint32(state & 0xFFFFFFFF), np.uint32(state >> 32)
    found = (np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)) ^ first
    found = ((found ^ (found >> np.uint32(16))) * np.uint32(0x7FEB352D)) ^ second
    found = (found ^ (found >> np.uint32(15))) * np.uint32(0x846CA68B)
    return (found ^ (found >> np.uint32(16))).astype(np.int32) / 2.0**31


@pytest.mark.parametrize("initialisation", ["kaiming", "pytorch"])
def test_noise_of_every_step_is_that_of_a_slow_loop(initialisation: str) -> None:
    made = MLP(hidden=(20, 12), initialisation=initialisation).build((INPUTS, 1, 1), 4)  # pyright: ignore
    made.initialise(torch.Generator().manual_seed(1))
    shrink, perturb, steps = 0.9, 0.02, 120  # small enough for the scale to be folded in
    hook = {"name": "perturb", "shrink": shrink, "perturb": perturb}
    given = optimisation({"learning_rate": 0.02, "weight_decay": 0.1, "hooks": [hook]})
    order, trained = orders(PIXELS, 1, steps=steps), stack_of([weights_of(made)])
    source = Origin([7], "tests", units=made.units())
    for stream in (order[:, :50], order[:, 50:]):
        train_online(trained, PIXELS, stream, given, origin=source)
    slow = made.double()
    images, labels = torch.from_numpy(PIXELS.dense()).double(), torch.from_numpy(PIXELS.labels)
    linear = [module for module in slow.modules() if isinstance(module, torch.nn.Linear)]
    for step, row in enumerate(order[0], 1):
        loss = torch.nn.functional.cross_entropy(slow(images[[row]].reshape(1, INPUTS, 1, 1)), labels[[row]])
        gradients = torch.autograd.grad(loss, list(slow.parameters()))
        noise = drawn(derive_seed(7, "tests/hook0/noise"), step, sum(p.numel() for p in slow.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(slow.parameters(), gradients, strict=True):
                parameter.sub_(0.02 * (gradient + 0.1 * parameter)).mul_(shrink)
            at = 0
            for module in linear:
                weight, bias = slow._bounds(module)  # pyright: ignore
                for part, bound in ((module.weight.T, weight), (module.bias, bias)):
                    part.add_(perturb * bound * torch.from_numpy(noise[at : at + part.numel()]).reshape(part.shape))
                    at += part.numel()
    expected = {name: value.detach().numpy() for name, value in slow.state_dict().items()}
    assert largest_difference(trained.network(0), {name: expected[name] for name in trained.network(0)}) < 1e-5


def test_noise_is_uniform_and_new_in_every_step() -> None:
    first, second = drawn(5, 1, 40_000), drawn(5, 2, 40_000)
    for found in (first, second):
        assert abs(found.mean()) < 4 / (3 * 40_000) ** 0.5
        assert np.var(found) == pytest.approx(1 / 3, rel=0.02)
        assert np.abs(np.histogram(found, 16, (-1, 1))[0] - 2500).max() < 250
    for one, other in ((first, second), (first[1:], first[:-1]), (first[100:], first[:-100])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.025


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (L2_INIT, ""),
        ({"hooks": [ASCENT]}, ""),
        ({"hooks": [BACKPROP], **L2_INIT}, ""),
        ({"hooks": [BACKPROP, ASCENT]}, "hooks continual_backprop, effective_rank_ascent"),
        ({"hooks": [{"name": "clip_weights", "factor": 1}]}, "hooks clip_weights"),
        ({"hooks": [PERTURB]}, ""),
        ({"hooks": [PERTURB | {"shrink": 0.0}]}, "hooks perturb"),
        ({"hooks": [PERTURB], **L2_INIT}, "hooks perturb"),
        ({"penalty": {"name": "l2_init", "weight": 5.0}}, "learning_rate times the pull of l2_init = 1"),
        ({"penalty": {"name": "spectral", "weight": 0.1}}, "penalty spectral"),
    ],
)
def test_what_the_compiled_loop_takes(changed: dict[str, Any], why: str) -> None:
    found = optimisation({"learning_rate": 0.1, **changed})
    assert (stacked_for(found), by_kernel(found)) == (why, not why)


def test_initial_weights_that_nobody_keeps_are_one_line() -> None:
    made = fresh_stack()
    made.kept.clear()
    with pytest.raises(PlasticityError, match=r"^reads_initial: expected true"):
        train_online(made, PIXELS, orders(PIXELS, 2), given("l2_init"))
