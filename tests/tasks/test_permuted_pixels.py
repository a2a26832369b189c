from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.config.slices import SequenceSettings
from plasticity.errors import PlasticityError
from plasticity.tasks.permuted_pixels import TaskStream, task_stream

SETTINGS: dict[str, Any] = {"train_size": None, "permutations": "fresh", "reshuffle_epochs": False}
SEEDS = st.integers(0, 2**31)


def _stream(seed: int = 1, *, images: int = 50, pixels: int = 20, **changed: Any) -> TaskStream:
    return task_stream(SequenceSettings.of(SETTINGS | changed), seed, num_images=images, num_pixels=pixels)


@pytest.mark.parametrize("permutations", ["fresh", "composed"])
@given(seed=SEEDS, task=st.integers(1, 12), pixels=st.integers(1, 60))
def test_positions_are_a_permutation_of_the_pixels(permutations: str, seed: int, task: int, pixels: int) -> None:
    found = _stream(seed, pixels=pixels, permutations=permutations).positions(task)
    np.testing.assert_array_equal(np.sort(found), np.arange(pixels))
    np.testing.assert_array_equal(found, _stream(seed, pixels=pixels, permutations=permutations).positions(task))


def test_composed_tasks_permute_the_task_before() -> None:
    own, composed = _stream(), _stream(permutations="composed")
    image = np.arange(100, 120)
    for task in range(1, 6):
        permuted = np.empty_like(image)
        permuted[own.positions(task)] = image  # the step from the task before is the task's own permutation
        image = permuted
        expected = np.empty_like(image)
        expected[composed.positions(task)] = np.arange(100, 120)
        np.testing.assert_array_equal(expected, image)
    np.testing.assert_array_equal(own.positions(1), composed.positions(1))
    assert not np.array_equal(own.positions(2), composed.positions(2))


@pytest.mark.parametrize("permutations", ["fresh", "composed"])
def test_tasks_and_seeds_differ_and_know_nothing_of_each_other(permutations: str) -> None:
    streams = {seed: _stream(seed, permutations=permutations) for seed in range(8)}
    found = np.stack([stream.positions(task) for stream in streams.values() for task in range(1, 40)])
    assert len(np.unique(found, axis=0)) == len(found)
    agreeing = np.mean([np.mean(a == b) for a, b in pairwise(found)])
    assert abs(agreeing - 1 / 20) < 0.02  # as often as independent permutations do: 312 · 20 draws of 1/20
    at_each_place = np.array([(found == pixel).mean(axis=0) for pixel in range(20)])
    assert np.abs(at_each_place - 1 / 20).max() < 5 * (0.05 * 0.95 / len(found)) ** 0.5


@given(seed=SEEDS, task=st.integers(1, 9), size=st.integers(1, 50))
def test_an_epoch_sees_every_image_of_the_seed_once(seed: int, task: int, size: int) -> None:
    stream = _stream(seed, train_size=size)
    assert len(np.unique(stream.images)) == len(stream.images) == size
    assert 0 <= stream.images.min() <= stream.images.max() < 50
    np.testing.assert_array_equal(np.sort(stream.order(task, 1)), stream.images)


def test_all_images_are_the_default_and_a_part_is_drawn_from_the_seed() -> None:
    np.testing.assert_array_equal(_stream().images, np.arange(50))
    parts = [_stream(seed, train_size=25).images.tolist() for seed in range(5)]
    assert len({tuple(part) for part in parts}) == 5
    assert _stream(3, train_size=25).images.tolist() == parts[3]
    assert set(_stream(3, train_size=10).images) < set(parts[3])  # a smaller part is a part of the larger one


def test_the_order_is_kept_in_all_epochs_unless_it_is_reshuffled() -> None:
    kept, reshuffled = _stream(), _stream(reshuffle_epochs=True)
    for epoch in range(2, 6):
        np.testing.assert_array_equal(kept.order(3, epoch), kept.order(3, 1))
        assert not np.array_equal(reshuffled.order(3, epoch), reshuffled.order(3, epoch - 1))
    np.testing.assert_array_equal(reshuffled.order(3, 1), kept.order(3, 1))


def test_orders_differ_between_tasks_and_seeds_but_not_with_the_permutations() -> None:
    found = {tuple(_stream(seed).order(task, 1)) for seed in range(6) for task in range(1, 7)}
    assert len(found) == 36
    np.testing.assert_array_equal(_stream().order(4, 1), _stream(permutations="composed").order(4, 1))


def test_more_images_than_there_are_is_one_line() -> None:
    with pytest.raises(PlasticityError, match=r"^permuted\.train_size: expected at most 50 images, got 51$"):
        _stream(train_size=51)
