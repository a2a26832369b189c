"""Parts are disjoint, functions of the seed, nested by size, balanced where asked."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.config.slices import PartsSettings
from plasticity.errors import PlasticityError
from plasticity.tasks.super_classes import draw_parts
from plasticity.tasks.supply import Supply

EVEN_ODD = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
NEXT = {"train_size": 50, "validation_size": 40, "test_size": 30}
ASKED: dict[str, Any] = {
    "train_size": 200,
    "test_size": 60,
    "balanced": True,
    "super_classes": EVEN_ODD,
    "next_task": NEXT,
}


LABELS = np.random.default_rng(0).integers(0, 10, 1347)
SUPPLY = Supply(LABELS, 10, 64, test_labels=np.random.default_rng(1).permutation(np.arange(450) % 10))


@pytest.mark.parametrize("balanced", [True, False])
def test_parts_have_their_sizes_and_share_no_image(balanced: bool) -> None:
    parts = draw_parts(SUPPLY, PartsSettings.of({**ASKED, "balanced": balanced}), seed=3)
    sizes = (len(parts.train), len(parts.test), len(parts.next_train), len(parts.next_validation), len(parts.next_test))
    assert sizes == (200, 60, 50, 40, 30)
    training = np.concatenate([parts.train, parts.next_train, parts.next_validation])
    held_out = np.concatenate([parts.test, parts.next_test])
    assert len(set(training.tolist())) == 290
    assert len(set(held_out.tolist())) == 90


def test_balanced_parts_have_every_class_alike() -> None:
    parts = draw_parts(SUPPLY, PartsSettings.of({**ASKED, "next_task": {**NEXT, "train_size": 53}}), seed=3)
    counts = np.bincount(SUPPLY.labels[parts.train], minlength=10)
    assert counts.tolist() == [20] * 10
    assert np.bincount(SUPPLY.labels[parts.next_train]).tolist() == [6, 6, 6, 5, 5, 5, 5, 5, 5, 5]
    loose = draw_parts(SUPPLY, PartsSettings.of({**ASKED, "balanced": False}), seed=3)
    assert set(np.bincount(SUPPLY.labels[loose.train])) != {20}


def test_a_seed_decides_and_smaller_parts_are_contained() -> None:
    one, again, other = (draw_parts(SUPPLY, PartsSettings.of(ASKED), seed=seed) for seed in (1, 1, 2))
    rows, same, others = ([part.tolist() for part in vars(parts).values()] for parts in (one, again, other))
    assert rows == same != others
    smaller = draw_parts(SUPPLY, PartsSettings.of({**ASKED, "train_size": 100}), seed=1)
    assert set(smaller.train.tolist()) < set(one.train.tolist())
    assert np.array_equal(smaller.test, one.test)


def test_null_is_everything() -> None:
    everything = {"train_size": None, "test_size": None, "balanced": False, "super_classes": None, "next_task": None}
    parts = draw_parts(SUPPLY, PartsSettings.of(everything), seed=1)
    assert sorted(parts.train.tolist()) == list(range(len(SUPPLY.labels)))
    assert sorted(parts.test.tolist()) == list(range(len(SUPPLY.test_labels)))
    assert len(parts.next_train) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_size": 5000}, r"^train_size: expected at most \d+ training images .* balanced, got 5000$"),
        ({"balanced": False, "test_size": 10**6}, r"^test_size: expected at most 450 test images that are left, got"),
        ({"next_task": {**NEXT, "train_size": 9000}}, r"^next_task.train_size: expected at most"),
        ({"super_classes": [[0], [10]]}, r"^super_classes: expected classes 0 to 9, got 10$"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(PlasticityError, match=message) as caught:
        draw_parts(SUPPLY, PartsSettings.of({**ASKED, **changed}), seed=1)
    assert "\n" not in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 300))
def test_balanced_counts_differ_by_one_at_most(seed: int, size: int) -> None:
    parts = draw_parts(SUPPLY, PartsSettings.of({**ASKED, "train_size": size, "next_task": None}), seed=seed)
    counts = np.bincount(SUPPLY.labels[parts.train], minlength=10)
    assert counts.max() - counts.min() <= 1
    assert counts.sum() == size
