from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.errors import PlasticityError
from plasticity.tasks.permuted_pixels import PermutedPixels
from plasticity.tasks.sequence import Supply, Task

SEEDS = st.integers(0, 2**31)


def _task(
    seed: int = 1, number: int = 1, *, images: int = 50, pixels: int = 20, size: int | None = None, **changed: Any
) -> Task:
    supply = Supply(np.arange(images) % 5, 5, pixels, size)
    return PermutedPixels.of(changed).task(supply, seed, number)


@pytest.mark.parametrize("permutations", ["fresh", "composed"])
@given(seed=SEEDS, task=st.integers(1, 12), pixels=st.integers(1, 60))
def test_positions_are_a_permutation_of_the_pixels(permutations: str, seed: int, task: int, pixels: int) -> None:
    found = _task(seed, task, pixels=pixels, permutations=permutations)
    np.testing.assert_array_equal(np.sort(found.positions), np.arange(pixels))
    again = _task(seed, task, pixels=pixels, permutations=permutations)
    np.testing.assert_array_equal(found.positions, again.positions)
    assert found.labels is None


def test_composed_tasks_permute_the_task_before() -> None:
    image = np.arange(100, 120)
    for number in range(1, 6):
        permuted = np.empty_like(image)
        permuted[_task(number=number).positions] = image  # the step from the task before is the task's own permutation
        image = permuted
        expected = np.empty_like(image)
        expected[_task(number=number, permutations="composed").positions] = np.arange(100, 120)
        np.testing.assert_array_equal(expected, image)
    own, composed = ([_task(number=n, permutations=how).positions for n in (1, 2)] for how in ("fresh", "composed"))
    np.testing.assert_array_equal(own[0], composed[0])
    assert not np.array_equal(own[1], composed[1])


@pytest.mark.parametrize("permutations", ["fresh", "composed"])
def test_tasks_and_seeds_differ_and_know_nothing_of_each_other(permutations: str) -> None:
    found = np.stack([_task(s, n, permutations=permutations).positions for s in range(8) for n in range(1, 40)])
    assert len(np.unique(found, axis=0)) == len(found)
    agreeing = np.mean([np.mean(a == b) for a, b in pairwise(found)])
    assert abs(agreeing - 1 / 20) < 0.02  # as often as independent permutations do: 312 · 20 draws of 1/20
    at_each_place = np.array([(found == pixel).mean(axis=0) for pixel in range(20)])
    assert np.abs(at_each_place - 1 / 20).max() < 5 * (0.05 * 0.95 / len(found)) ** 0.5


@given(seed=SEEDS, task=st.integers(1, 9), size=st.integers(1, 50))
def test_an_epoch_sees_every_image_of_the_seed_once(seed: int, task: int, size: int) -> None:
    found = _task(seed, task, size=size)
    assert len(np.unique(found.images)) == len(found.images) == size
    assert 0 <= found.images.min() <= found.images.max() < 50
    np.testing.assert_array_equal(np.sort(found.order(1)), found.images)


def test_all_images_are_the_default_and_a_part_is_drawn_from_the_seed() -> None:
    np.testing.assert_array_equal(_task().images, np.arange(50))
    parts = [_task(seed, size=25).images.tolist() for seed in range(5)]
    assert len({tuple(part) for part in parts}) == 5
    assert _task(3, 7, size=25).images.tolist() == parts[3]  # whatever the task
    assert set(_task(3, size=10).images) < set(parts[3])  # a smaller part is a part of the larger one


def test_the_order_is_kept_in_all_epochs_unless_it_is_reshuffled() -> None:
    kept, reshuffled = _task(number=3), _task(number=3, reshuffle_epochs=True)
    for epoch in range(2, 6):
        np.testing.assert_array_equal(kept.order(epoch), kept.order(1))
        assert not np.array_equal(reshuffled.order(epoch), reshuffled.order(epoch - 1))
    np.testing.assert_array_equal(reshuffled.order(1), kept.order(1))


def test_orders_differ_between_tasks_and_seeds_but_not_with_the_permutations() -> None:
    found = {tuple(_task(seed, number).order(1)) for seed in range(6) for number in range(1, 7)}
    assert len(found) == 36
    np.testing.assert_array_equal(_task(number=4).order(1), _task(number=4, permutations="composed").order(1))


def test_more_images_than_there_are_is_one_line() -> None:
    with pytest.raises(PlasticityError, match=r"^permuted\.train_size: expected at most 50 images, got 51$"):
        _task(size=51)


def test_numbers_are_those_of_the_first_versions() -> None:
    """Purposes of generators are part of the results: these positions, images and orders are in published tables."""
    found = _task(3, 2, images=12, pixels=6, size=5)
    assert found.positions.tolist() == [1, 2, 3, 5, 4, 0]
    assert found.images.tolist() == [0, 3, 5, 9, 11]
    assert found.order(1).tolist() == [11, 3, 5, 0, 9]
