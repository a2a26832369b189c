"""Parts are disjoint, functions of the seed, nested by size, balanced where asked; tasks have their own classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.config.slices import PartsSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.store import ImageStore, open_store
from plasticity.errors import PlasticityError
from plasticity.stages.prepare import prepare
from plasticity.tasks.super_classes import draw_parts, first_task, next_task

EVEN_ODD = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
NEXT = {"train_size": 50, "validation_size": 40, "test_size": 30}
ASKED: dict[str, Any] = {
    "train_size": 200,
    "test_size": 60,
    "balanced": True,
    "super_classes": EVEN_ODD,
    "next_task": NEXT,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    folder: Path = tmp_path_factory.mktemp("digits")
    return open_store(prepare(DataSetSettings(name="digits", reader="digits"), folder))


@pytest.mark.parametrize("balanced", [True, False])
def test_parts_have_their_sizes_and_share_no_image(store: ImageStore, balanced: bool) -> None:
    parts = draw_parts(store, PartsSettings.of({**ASKED, "balanced": balanced}), seed=3)
    sizes = (len(parts.train), len(parts.test), len(parts.next_train), len(parts.next_validation), len(parts.next_test))
    assert sizes == (200, 60, 50, 40, 30)
    training = np.concatenate([parts.train, parts.next_train, parts.next_validation])
    held_out = np.concatenate([parts.test, parts.next_test])
    assert len(set(training.tolist())) == 290
    assert len(set(held_out.tolist())) == 90


def test_balanced_parts_have_every_class_alike(store: ImageStore) -> None:
    parts = draw_parts(store, PartsSettings.of({**ASKED, "next_task": {**NEXT, "train_size": 53}}), seed=3)
    counts = np.bincount(store.train_labels[parts.train], minlength=10)
    assert counts.tolist() == [20] * 10
    assert np.bincount(store.train_labels[parts.next_train]).tolist() == [6, 6, 6, 5, 5, 5, 5, 5, 5, 5]
    loose = draw_parts(store, PartsSettings.of({**ASKED, "balanced": False}), seed=3)
    assert set(np.bincount(store.train_labels[loose.train])) != {20}


def test_a_seed_decides_and_smaller_parts_are_contained(store: ImageStore) -> None:
    one, again, other = (draw_parts(store, PartsSettings.of(ASKED), seed=seed) for seed in (1, 1, 2))
    rows, same, others = ([part.tolist() for part in vars(parts).values()] for parts in (one, again, other))
    assert rows == same != others
    smaller = draw_parts(store, PartsSettings.of({**ASKED, "train_size": 100}), seed=1)
    assert set(smaller.train.tolist()) < set(one.train.tolist())
    assert np.array_equal(smaller.test, one.test)


def test_null_is_everything(store: ImageStore) -> None:
    everything = {"train_size": None, "test_size": None, "balanced": False, "super_classes": None, "next_task": None}
    parts = draw_parts(store, PartsSettings.of(everything), seed=1)
    assert sorted(parts.train.tolist()) == list(range(len(store.train_labels)))
    assert sorted(parts.test.tolist()) == list(range(len(store.test_labels)))
    assert len(parts.next_train) == 0


def test_first_task_tells_super_classes_apart_and_the_next_one_classes(store: ImageStore) -> None:
    parts = draw_parts(store, PartsSettings.of(ASKED), seed=1)
    first, after = first_task(store, parts, EVEN_ODD), next_task(store, parts, EVEN_ODD)
    assert first.num_classes == 2
    assert first.class_names == ("0 or 2 or 4 or 6 or 8", "1 or 3 or 5 or 7 or 9")
    assert np.array_equal(first.train_labels, store.train_labels[parts.train] % 2)
    assert np.array_equal(first.test_images, store.test_images[parts.test])
    assert after.num_classes == 10
    assert np.array_equal(after.train_labels, store.train_labels[parts.next_train])
    held_out = next_task(store, parts, EVEN_ODD, validation=True)
    assert np.array_equal(held_out.test_images, store.train_images[parts.next_validation])
    assert np.array_equal(held_out.train_images, after.train_images)


def test_classes_outside_the_super_classes_are_never_seen(store: ImageStore) -> None:
    """As CIFAR-10 without deer and dog: the classes that are left are numbered anew."""
    groups = [[0, 9], [3, 5]]
    parts = draw_parts(store, PartsSettings.of({**ASKED, "super_classes": groups, "train_size": 80}), seed=1)
    for rows in (parts.train, parts.next_train, parts.next_validation):
        assert set(store.train_labels[rows].tolist()) == {0, 3, 5, 9}
    first, after = first_task(store, parts, groups), next_task(store, parts, groups)
    expected = {0: 0, 9: 0, 3: 1, 5: 1}
    assert first.train_labels.tolist() == [expected[c] for c in store.train_labels[parts.train].tolist()]
    renumbered = {0: 0, 3: 1, 5: 2, 9: 3}
    assert after.test_labels.tolist() == [renumbered[c] for c in store.test_labels[parts.next_test].tolist()]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_size": 5000}, r"^train_size: expected at most \d+ training images .* balanced, got 5000$"),
        ({"balanced": False, "test_size": 10**6}, r"^test_size: expected at most 450 test images that are left, got"),
        ({"next_task": {**NEXT, "train_size": 9000}}, r"^next_task.train_size: expected at most"),
        ({"super_classes": [[0], [10]]}, r"^super_classes: expected classes 0 to 9, got 10$"),
    ],
)
def test_what_does_not_fit_is_refused(store: ImageStore, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(PlasticityError, match=message) as caught:
        draw_parts(store, PartsSettings.of({**ASKED, **changed}), seed=1)
    assert "\n" not in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 300))
def test_balanced_counts_differ_by_one_at_most(store: ImageStore, seed: int, size: int) -> None:
    parts = draw_parts(store, PartsSettings.of({**ASKED, "train_size": size, "next_task": None}), seed=seed)
    counts = np.bincount(store.train_labels[parts.train], minlength=10)
    assert counts.max() - counts.min() <= 1
    assert counts.sum() == size


def test_a_first_task_has_images_of_every_class_in_both_sets(store: ImageStore) -> None:
    for key in ("train_size", "test_size"):
        parts = draw_parts(store, PartsSettings.of({**ASKED, "super_classes": None, "next_task": None, key: 9}), seed=1)
        with pytest.raises(PlasticityError, match=f"^{key} 9: expected images of every class, got none"):
            first_task(store, parts, None)
        assert len(set(first_task(store, parts, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]).train_labels.tolist())) == 2
