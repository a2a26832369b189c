from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.errors import PlasticityError
from plasticity.tasks.random_labels import RandomLabels
from plasticity.tasks.sequence import Supply, TaskSequence, task_of

CLASSES = 5


def _supply(images: int = 400, size: int | None = None) -> Supply:
    return Supply(np.arange(images) % CLASSES, CLASSES, 9, size)


def _labels(seed: int, number: int, supply: Supply | None = None) -> NDArray[np.int64]:
    found = RandomLabels().task(supply or _supply(), seed, number).labels
    assert found is not None
    return found


@given(seed=st.integers(0, 2**31), number=st.integers(1, 50))
def test_a_task_is_a_function_of_seed_and_number(seed: int, number: int) -> None:
    labels = _labels(seed, number)
    assert labels.shape == (400,)
    assert labels.dtype == np.int64
    assert 0 <= labels.min() <= labels.max() < CLASSES
    np.testing.assert_array_equal(labels, _labels(seed, number))
    np.testing.assert_array_equal(labels, _labels(seed, number, _supply(size=30)))


def test_images_and_pixels_stay_and_labels_are_drawn_anew() -> None:
    tasks = [RandomLabels().task(_supply(size=80), 2, number) for number in range(1, 30)]
    for task in tasks:
        np.testing.assert_array_equal(task.images, tasks[0].images)
        np.testing.assert_array_equal(task.positions, np.arange(9))
    drawn = np.stack([_labels(seed, number) for seed in range(3) for number in range(1, 30)])
    assert len(np.unique(drawn, axis=0)) == len(drawn)
    share = np.array([(drawn == label).mean() for label in range(CLASSES)])
    assert np.abs(share - 0.2).max() < 5 * (0.2 * 0.8 / drawn.size) ** 0.5
    agreeing = np.mean(drawn[:-1] == drawn[1:])
    assert abs(agreeing - 0.2) < 5 * (0.2 * 0.8 / drawn[1:].size) ** 0.5
    assert abs(np.mean(drawn == _supply().labels) - 0.2) < 5 * (0.2 * 0.8 / drawn.size) ** 0.5  # nor the true ones


class WrongLabels(TaskSequence):
    """Breaks the contract: a class too many."""

    def labels(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
        return supply.labels + 1


class WrongPixels(TaskSequence):
    """Breaks the contract: two pixels in one place."""

    def positions(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
        return np.zeros(supply.num_pixels, np.int64)


class ListOfLabels(TaskSequence):
    """Breaks the contract: no array."""

    def labels(self, supply: Supply, seed: int, number: int) -> Any:
        del seed, number
        return supply.labels.tolist()


class Fractions(TaskSequence):
    """Breaks the contract: labels that are no whole numbers."""

    def labels(self, supply: Supply, seed: int, number: int) -> Any:
        del seed, number
        return supply.labels / 2


class UnknownClasses(TaskSequence):
    """Breaks the contract: a class that the data set does not have."""

    def classes(self, supply: Supply, seed: int, number: int) -> tuple[int, ...]:
        del supply, seed, number
        return (0, 9)


class NoTask(TaskSequence):
    """Breaks the contract: it makes no task."""

    def task(self, supply: Supply, seed: int, number: int) -> Any:
        del seed, number
        return supply.labels


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("WrongLabels", "^tasks WrongLabels: expected a class 0 to 4 of every training image, got other labels$"),
        ("WrongPixels", "^tasks WrongPixels: expected a permutation of 9 pixels, got none$"),
        ("ListOfLabels", "^tasks ListOfLabels: expected labels as an array of int64, got a list$"),
        ("Fractions", "^tasks Fractions: expected labels as an array of int64, got an array of float64$"),
        ("UnknownClasses", r"^tasks UnknownClasses: expected classes 0 to 4, got \[0, 9\]$"),
        ("NoTask", "^tasks NoTask: expected a Task, got ndarray$"),
    ],
)
def test_a_sequence_of_ones_own_that_breaks_its_contract_is_one_line(name: str, message: str) -> None:
    sequence = Chosen(name=f"test_random_labels:{name}").make(TaskSequence)
    with pytest.raises(PlasticityError, match=message):
        task_of(sequence, _supply(), 1, 1)
