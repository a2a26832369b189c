from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.errors import PlasticityError
from plasticity.tasks.class_incremental import ClassIncremental
from plasticity.tasks.class_pairs import ClassPairs
from plasticity.tasks.sequence import Task, TaskSequence
from plasticity.tasks.supply import Supply

SEEDS = st.integers(0, 2**31)


def _supply(classes: int = 5, size: int | None = None) -> Supply:
    """Class c has 6 + c training images and c + 1 test images, in no order."""
    train, test = (np.repeat(np.arange(classes), np.arange(classes) + first) for first in (6, 1))
    mixed = np.random.default_rng(3)
    return Supply(mixed.permutation(train), classes, 4, size, mixed.permutation(test))


def _pairs(seed: int, tasks: int, classes: int = 5, **changed: Any) -> list[tuple[int, ...]]:
    supply = _supply(classes)
    return [ClassPairs.of(changed).classes(supply, seed, number) for number in range(1, tasks + 1)]


def _check_images(task: Task, supply: Supply, each: int) -> None:
    """A task has as many training images of each of its classes, all test images of these, and no other."""
    assert task.classes is not None
    assert task.labels is not None
    assert task.test_labels is not None
    assert task.test_images is not None
    assert np.bincount(task.labels[task.images]).tolist() == [each] * len(task.classes)
    for labels, rows, own in (
        (supply.labels, task.images, task.labels),
        (supply.test_labels, task.test_images, task.test_labels),
    ):
        assert len(np.unique(rows)) == len(rows)
        np.testing.assert_array_equal(np.array(task.classes)[own[rows]], labels[rows])
        assert set(own[~np.isin(labels, task.classes)]) <= {-1}
    assert len(task.test_images) == np.isin(supply.test_labels, task.classes).sum()


@given(seed=SEEDS, classes=st.integers(2, 9))
def test_every_pair_comes_once_and_is_a_function_of_the_seed(seed: int, classes: int) -> None:
    number = classes * (classes - 1) // 2
    found = _pairs(seed, number, classes)
    assert sorted(tuple(sorted(pair)) for pair in found) == list(combinations(range(classes), 2))
    assert found == _pairs(seed, number, classes)


@given(seed=SEEDS, classes=st.integers(2, 9))
def test_disjoint_pairs_share_no_class(seed: int, classes: int) -> None:
    found = _pairs(seed, classes // 2, classes, pairs="disjoint")
    seen = [label for pair in found for label in pair]
    assert len(set(seen)) == len(seen) == classes // 2 * 2


@pytest.mark.parametrize(("pairs", "number"), [("all", 10), ("disjoint", 2)])
def test_repeated_pairs_come_in_the_same_order_again(pairs: str, number: int) -> None:
    found = _pairs(1, 2 * number, pairs=pairs, repeat=True)
    assert found[:number] == found[number:] == _pairs(1, number, pairs=pairs)


def test_seeds_have_orders_of_their_own_and_either_class_comes_first() -> None:
    orders = [_pairs(seed, 10) for seed in range(20)]
    assert len({tuple(order) for order in orders}) == 20
    ascending = np.mean([pair == tuple(sorted(pair)) for order in orders for pair in order])
    assert abs(ascending - 0.5) < 5 * 0.5 / 200**0.5


@given(seed=SEEDS, number=st.integers(1, 10), size=st.sampled_from([None, 5, 15, 30]))
def test_a_pair_has_as_many_images_of_both_classes(seed: int, number: int, size: int | None) -> None:
    supply = _supply(size=size)
    _check_images(ClassPairs().task(supply, seed, number), supply, 6 if size is None else size // 5)


@given(seed=SEEDS, number=st.integers(1, 4))
def test_classes_are_added_and_keep_their_labels_and_images(seed: int, number: int) -> None:
    supply, sequence = _supply(9), ClassIncremental(first_classes=3, added_classes=2)
    before, after = (sequence.task(supply, seed, each) for each in (number, min(number + 1, 4)))
    _check_images(before, supply, 6)
    assert before.classes is not None
    assert after.classes is not None
    assert len(before.classes) == 3 + 2 * (number - 1)
    assert after.classes[: len(before.classes)] == before.classes
    assert set(before.images) <= set(after.images)
    assert before.classes == sequence.task(supply, seed, number).classes


def test_outputs_and_head_are_as_the_sequences_say() -> None:
    assert (ClassPairs().outputs(10), ClassIncremental().outputs(10)) == (2, 10)
    assert (ClassPairs().head_of_task, ClassPairs(renew_head="zero").head_of_task) == ("keep", "zero")


@pytest.mark.parametrize(
    ("sequence", "supply", "tasks", "message"),
    [
        (ClassPairs(), _supply(1), 1, "^tasks: expected at least two classes to make pairs of, got 1$"),
        (
            ClassPairs(),
            _supply(),
            11,
            "^tasks: expected at most 10 tasks, all pairs of 5 classes, or repeat: true, got 11$",
        ),
        (ClassPairs(pairs="disjoint"), _supply(), 3, "^tasks: expected at most 2 tasks, disjoint pairs of 5 classes"),
        (ClassPairs(), _supply(size=7), 1, r"^permuted\.train_size: expected a multiple of 5, .* up to 30, got 7$"),
        (ClassPairs(), _supply(size=35), 1, r"^permuted\.train_size: expected a multiple of 5, .* up to 30, got 35$"),
        (ClassIncremental(), _supply(), 3, "^tasks: expected at most 2 tasks, as there are 5 classes, got 3, which"),
        (ClassIncremental(first_classes=7), _supply(), 1, "^tasks: expected at most 0 tasks, as there are 5 classes"),
        (ClassIncremental(added_classes=1), _supply(), 1, r"^tasks\.first_classes: expected at least 2"),
    ],
)
def test_a_sequence_that_the_data_do_not_allow_is_one_line(
    sequence: TaskSequence, supply: Supply, tasks: int, message: str
) -> None:
    with pytest.raises(PlasticityError, match=message):
        sequence.check(supply, tasks)
    with pytest.raises(PlasticityError, match=message):
        sequence.task(supply, 1, tasks)
