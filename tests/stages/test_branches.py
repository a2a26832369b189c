from typing import Any

import pandas as pd
import pytest

from plasticity.config.departure import Row, epoch_below
from plasticity.config.slices import Branch, Continuation
from plasticity.stages.branches import checkpoint_name, epochs_to_keep, runs_of
from plasticity.storage.tables import rows_of_seed
from tiny_permuted import first_settings

FOLLOWING: dict[str, Any] = {"epochs": 1, "learning_rate": 0.01}
SHRINK = {"name": "shrink_perturb", "shrink": 0.5, "perturb": 0.1, "batch_norm": "keep"}


def _rows(*nc1: float | None) -> list[Row]:
    return [{"epoch": i, "nc1": value, "diverged": value is None} for i, value in enumerate(nc1, start=1)]


def _arm(name: str, **changed: Any) -> Branch:
    arm = {"name": name, "first_task": "plain", "epochs": 1, "nc1_below": None, "max_epochs": 10, "tasks": 3}
    return Branch.of({**arm, "following": FOLLOWING, **changed})


@pytest.mark.parametrize(
    ("nc1", "threshold", "max_epochs", "expected"),
    [
        ((0.5, 0.3, 0.2), 0.4, 9, 2),
        ((0.5, 0.3, 0.2), 0.3, 9, 3),  # below, not at
        ((0.5, 0.3, 0.2), 0.1, 9, None),
        ((0.5, 0.3, 0.2), 0.25, 2, None),  # too late
        ((0.5, 0.3, 0.2), 0.25, 3, 3),
        ((0.5, 0.2, 0.6, 0.1), 0.3, 9, 2),  # the first time counts
        ((0.5, None), 0.3, 9, None),
        ((0.5, float("nan"), 0.2), 0.3, 9, 3),
        ((), 0.3, 9, None),
    ],
)
def test_epoch_below(nc1: tuple, threshold: float, max_epochs: int, expected: int | None) -> None:
    assert epoch_below(_rows(*nc1), threshold, max_epochs) == expected


def test_checkpoints_are_kept_at_lengths_and_at_crossings() -> None:
    settings = first_settings(epochs=[1, 4], thresholds=[0.35, 0.25, 0.05], max_epochs=4)
    rows = _rows(0.5, 0.3, 0.3, 0.2, 0.01)
    assert epochs_to_keep(rows, settings) == {1, 4, 2}
    assert epochs_to_keep(rows[:1], settings) == {1, 4}
    assert epochs_to_keep(rows, settings.overridden({"max_epochs": 5})) == {1, 2, 4, 5}
    assert epochs_to_keep(rows, first_settings(epochs=[])) == set()


def test_an_arm_leaves_at_its_length_or_its_threshold() -> None:
    rows = _rows(0.5, 0.3, 0.2)
    assert _arm("a", epochs=2).epoch_of(rows) == 2
    assert _arm("a", epochs=None, nc1_below=0.25).epoch_of(rows) == 3
    assert _arm("a", epochs=None, nc1_below=0.25, max_epochs=2).epoch_of(rows) is None


def test_rows_of_a_seed_come_in_the_order_of_their_epochs() -> None:
    table = pd.DataFrame({"seed": [2, 1, 1, 2], "epoch": [1, 2, 1, 2], "nc1": [0.1, 0.2, 0.3, 0.4]})
    assert rows_of_seed(table, 1) == [{"seed": 1, "epoch": 1, "nc1": 0.3}, {"seed": 1, "epoch": 2, "nc1": 0.2}]
    assert rows_of_seed(table, 3) == []


def test_arms_that_are_the_same_run_share_it() -> None:
    arms = [
        _arm("short"),
        _arm("long", tasks=7),
        _arm("crossed", epochs=None, nc1_below=0.6),  # after epoch 1 as well
        _arm("later", epochs=2),
        _arm("faster", following={**FOLLOWING, "learning_rate": 0.1}),
        _arm("shrunk", intervention=SHRINK),
        _arm("shrunk_often", intervention=SHRINK, intervene_after="every_task"),
        _arm("decayed", first_task="decayed"),
    ]
    runs = runs_of(arms, 5, {"plain": _rows(0.5, 0.3), "decayed": _rows(0.5)})
    assert [list(run.arms) for run in runs] == [
        ["short", "long", "crossed"],
        *(["later"], ["faster"], ["shrunk"], ["shrunk_often"], ["decayed"]),
    ]
    first = runs[0]
    assert (first.arms, first.tasks, first.seed, first.epoch) == ({"short": 3, "long": 7, "crossed": 3}, 7, 5, 1)
    assert first.settings == Continuation.of({"following": FOLLOWING})
    assert [run.first_task for run in runs][-1] == "decayed"


def test_arms_without_a_start_have_no_run() -> None:
    never, after = _arm("never", epochs=None, nc1_below=0.1), _arm("after", epochs=3)
    assert runs_of([never, after], 1, {"plain": _rows(0.5, 0.3, None)}) == []  # not reached; diverged in epoch 3
    assert [list(run.arms) for run in runs_of([_arm("before"), after], 1, {"plain": _rows(0.5, None)})] == [["before"]]
    assert runs_of([_arm("a")], 1, {"plain": _rows(None)}) == []
    assert runs_of([_arm("a")], 1, {"plain": []}) == []


def test_names_of_checkpoints_sort_by_epoch() -> None:
    names = [checkpoint_name(3, epoch) for epoch in (1, 2, 10, 100)]
    assert names == sorted(names)
    assert names[0] == "seed3_epoch0001.safetensors"
