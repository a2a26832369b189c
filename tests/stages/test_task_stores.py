"""The first task tells super-classes apart, the next one the classes inside them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plasticity.config.slices import PartsSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.store import ImageStore, open_store
from plasticity.errors import PlasticityError
from plasticity.stages.prepare import prepare
from plasticity.stages.task_stores import first_task, next_task, supply_of
from plasticity.tasks.super_classes import Parts, draw_parts

EVEN_ODD = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
ASKED: dict[str, Any] = {
    "train_size": 200,
    "test_size": 60,
    "balanced": True,
    "super_classes": EVEN_ODD,
    "next_task": {"train_size": 50, "validation_size": 40, "test_size": 30},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    folder: Path = tmp_path_factory.mktemp("digits")
    return open_store(prepare(DataSetSettings(name="digits", reader="digits"), folder))


def parts_of(store: ImageStore, **changed: Any) -> Parts:
    return draw_parts(supply_of(store), PartsSettings.of({**ASKED, **changed}), seed=1)


def test_first_task_tells_super_classes_apart_and_the_next_one_classes(store: ImageStore) -> None:
    parts = parts_of(store)
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
    parts = parts_of(store, **{"super_classes": groups, "train_size": 80})
    for rows in (parts.train, parts.next_train, parts.next_validation):
        assert set(store.train_labels[rows].tolist()) == {0, 3, 5, 9}
    first, after = first_task(store, parts, groups), next_task(store, parts, groups)
    expected = {0: 0, 9: 0, 3: 1, 5: 1}
    assert first.train_labels.tolist() == [expected[c] for c in store.train_labels[parts.train].tolist()]
    renumbered = {0: 0, 3: 1, 5: 2, 9: 3}
    assert after.test_labels.tolist() == [renumbered[c] for c in store.test_labels[parts.next_test].tolist()]


def test_a_first_task_has_images_of_every_class_in_both_sets(store: ImageStore) -> None:
    for key in ("train_size", "test_size"):
        parts = parts_of(store, **{"super_classes": None, "next_task": None, key: 9})
        with pytest.raises(PlasticityError, match=f"^{key} 9: expected images of every class, got none"):
            first_task(store, parts, None)
        assert len(set(first_task(store, parts, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]).train_labels.tolist())) == 2
