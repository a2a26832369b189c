import random

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plasticity.seeding import derive_seed, numpy_generator, torch_generator

KEYS = st.tuples(st.integers(0, 2**31), st.sampled_from(["init", "split", "warm_up/order"]), st.integers(0, 500))


def test_seeds_are_pinned() -> None:
    assert derive_seed(7, "warm_up/order", 3) == 470845251950355473
    assert derive_seed(0, "init") == 7615695542073086227
    assert derive_seed(2**31, "split", 1) == 3348216316178719208


def test_draws_are_pinned() -> None:
    assert numpy_generator(7, "split").integers(0, 10**6, 3).tolist() == [394305, 239428, 867690]
    assert torch.randint(0, 10**6, (3,), generator=torch_generator(7, "init")).tolist() == [18688, 149170, 38245]
    assert torch.randperm(6, generator=torch_generator(7, "warm_up/order", 1)).tolist() == [5, 4, 1, 0, 2, 3]


@settings(max_examples=50)
@given(one=KEYS, other=KEYS)
def test_every_seed_purpose_and_index_has_its_own_stream(one: tuple, other: tuple) -> None:
    assume(one != other)
    assert derive_seed(*one) != derive_seed(*other)
    assert 0 <= derive_seed(*one) < 2**63
    assert numpy_generator(*one).integers(2**62) != numpy_generator(*other).integers(2**62)
    draws = [torch.randint(2**62, (2,), generator=torch_generator(*key)) for key in (one, other)]
    assert not torch.equal(*draws)


def test_index_and_purpose_do_not_run_together() -> None:
    keys = [(1, "order", 11), (11, "order", 1), (1, "order/1", 1), (1, "order", 1), (1, "Order", 1)]
    assert len({derive_seed(*key) for key in keys}) == len(keys)


def test_streams_are_uncorrelated() -> None:
    names = [(seed, purpose, index) for seed in (7, 8) for purpose in ("a", "b") for index in (0, 1, 2)]
    draws = np.stack([numpy_generator(*name).normal(size=4000) for name in names])
    correlation = np.corrcoef(draws) - np.eye(len(names))
    assert np.abs(correlation).max() < 4.5 / np.sqrt(4000)


@pytest.mark.parametrize("make", [numpy_generator, torch_generator])
def test_global_generators_are_neither_read_nor_written(make) -> None:
    def draw() -> list[float]:
        made = make(7, "init", 2)
        return made.random(3).tolist() if make is numpy_generator else torch.rand(3, generator=made).tolist()

    np.random.seed(0)  # noqa: NPY002 - the global state is what is tested
    torch.manual_seed(0)
    random.seed(0)
    first = draw()
    before = (str(np.random.get_state()), torch.random.get_rng_state(), random.getstate())  # noqa: NPY002
    assert draw() == first
    assert str(np.random.get_state()) == before[0]  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), before[1])
    assert random.getstate() == before[2]
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    random.seed(1)
    assert draw() == first


def test_generator_is_on_the_cpu() -> None:
    assert torch_generator(7, "init").device.type == "cpu"
