from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.config.slices import AssembleTasksSettings
from plasticity.errors import PlasticityError
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, write_table
from plasticity.studies.continual.assemble import AssembleFiles, assemble_permuted
from tiny_permuted import RESET, SEEDS, Trained, arm, first_settings, following_settings, train_first
from tiny_study import TinyStudy

Row = dict[str, Any]

# Online accuracies and NC1 of three epochs on the first task, by seed.
ACCURACY = {1: [0.5, 0.7, 0.9], 2: [0.4, 0.6, 0.8]}
NC1 = {1: [0.4, 0.3, 0.2], 2: [0.45, 0.35, 0.31]}
# Online accuracies on the tasks after it, by arm and seed.
LATER = {
    ("random_init", 1): [0.52, 0.53],
    ("random_init", 2): [0.42, 0.44],
    ("continual", 1): [0.45, 0.33],
    ("continual", 2): [0.41, 0.45],
    ("long", 1): [0.3],
    ("long", 2): [0.2],
    ("below_0.32", 1): [0.6],
    ("below_0.32", 2): [0.7],
}


def _arm(name: str, **changed: Any) -> Row:
    plain = {"name": name, "experiment": name.split("_0", maxsplit=1)[0], "first_task": "plain"}
    end = {"epochs": 1, "nc1_below": None, "max_epochs": 3}
    return {**plain, **end, "reference": "random_init", **changed}


ARMS = [
    _arm("random_init"),
    _arm("continual"),
    _arm("long", epochs=3),
    _arm("below_0.32", epochs=None, nc1_below=0.32),
    _arm("below_0.25", epochs=None, nc1_below=0.25),
]


def _filled(schema: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows with a number of its own in every cell that is not given; none in those of a diverged network."""
    filled = []
    for position, row in enumerate(rows):
        lost = row.get("diverged", False)
        made: Row = {"diverged": lost, **row}
        for place, column in enumerate(SCHEMAS[schema]):
            number = None if lost else (position * 50 + place) if column.kind == "int" else (position + place) / 7
            made.setdefault(column.name, "a" if column.kind == "str" else number)
        filled.append(made)
    return pd.DataFrame(filled)


def _first(seed: int, **columns: Sequence[Any]) -> list[Row]:
    given = {"online_accuracy": ACCURACY[seed], "last_epoch_accuracy": ACCURACY[seed], "nc1": NC1[seed], **columns}
    epochs = range(len(given["online_accuracy"]))
    return [{"seed": seed, "epoch": i + 1, **{name: values[i] for name, values in given.items()}} for i in epochs]


def _following(name: str, seed: int, accuracies: Sequence[float | None]) -> list[Row]:
    epochs = {"long": 3, "below_0.32": {1: 2, 2: 3}[seed]}.get(name, 1)
    same = {"experiment": name.split("_0", maxsplit=1)[0], "arm": name, "seed": seed, "first_task_epochs": epochs}
    return [
        {**same, "task": task, "online_accuracy": accuracy, "diverged": accuracy is None}
        for task, accuracy in enumerate(accuracies, start=2)
    ]


def _assembled(
    folder: Path,
    *,
    arms: Sequence[Row] = tuple(ARMS),
    first: Mapping[str, Sequence[Row]] | None = None,
    later: Mapping[tuple[str, int], Sequence[float | None]] = LATER,
) -> pd.DataFrame:
    """Write a table per seed and training, and one per arm and seed; assemble them and read the result."""
    firsts, laters = [], []
    for name, rows in (first or {"plain": _first(1) + _first(2)}).items():
        for seed in SEEDS:
            path = folder / f"first_{name}_{seed}"
            write_table(_filled("first_task", [row for row in rows if row["seed"] == seed]), path, "first_task")
            firsts.append((name, path))
    for (name, seed), accuracies in later.items():
        path = folder / f"following_{name}_{seed}"
        write_table(_filled("following_tasks", _following(name, seed, accuracies)), path, "following_tasks")
        laters.append(path)
    empty = pd.DataFrame(columns=[column.name for column in SCHEMAS["following_tasks"]])
    write_table(empty, folder / "following_empty", "following_tasks")  # thresholds that no seed of a job reached
    laters.append(folder / "following_empty")
    assemble_permuted(
        AssembleFiles(firsts, laters, folder / "metrics"), settings=AssembleTasksSettings.of({"arms": list(arms)})
    )
    return read_table(folder / "metrics", "permuted")


def _cells(table: pd.DataFrame, name: str, seed: int, column: str) -> list[Any]:
    return table.loc[(table["arm"] == name) & (table["seed"] == seed), column].tolist()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return _assembled(tmp_path_factory.mktemp("assembled"))


def test_rows_are_in_the_order_of_the_configuration_seeds_and_tasks(table: pd.DataFrame) -> None:
    tasks = {"random_init": 3, "continual": 3, "long": 2, "below_0.32": 2, "below_0.25": 1}
    expected = [(name, seed, task) for name, n in tasks.items() for seed in SEEDS for task in range(1, n + 1)]
    assert list(zip(table["arm"], table["seed"], table["task"], strict=True)) == expected
    assert set(table["experiment"]) == {"random_init", "continual", "long", "below"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_published_loss_is_the_fall_from_the_mean_of_the_first_task(table: pd.DataFrame, seed: int) -> None:
    a, later = ACCURACY[seed], {name: LATER[name, seed] for name, other in LATER if other == seed}
    for name, first in (("continual", a[0]), ("long", sum(a) / 3), ("random_init", a[0])):
        expected = [0.0, *(first - accuracy for accuracy in later[name])]
        assert _cells(table, name, seed, "published_plasticity_loss") == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gap_is_to_the_fresh_network_on_the_same_task(table: pd.DataFrame, seed: int) -> None:
    fresh = [ACCURACY[seed][0], *LATER["random_init", seed]]
    assert _cells(table, "continual", seed, "fresh_accuracy") == fresh
    found = _cells(table, "continual", seed, "plasticity_gap")
    own = [ACCURACY[seed][0], *LATER["continual", seed]]
    assert found == [f - a for f, a in zip(fresh, own, strict=True)]
    assert _cells(table, "random_init", seed, "plasticity_gap") == [0, 0, 0]


def test_where_budgets_differ_there_is_no_gap(table: pd.DataFrame) -> None:
    first, second = _cells(table, "long", 1, "plasticity_gap")
    assert np.isnan(first)  # three epochs against one
    assert second == 0.52 - 0.3
    assert _cells(table, "long", 1, "fresh_accuracy") == [0.5, 0.52]


def test_the_first_tasks_row_is_its_last_epoch_with_the_mean_accuracy_of_all(table: pd.DataFrame) -> None:
    history = _filled("first_task", _first(1))
    row = table.loc[(table["arm"] == "long") & (table["seed"] == 1) & (table["task"] == 1)].iloc[0]
    assert row["online_accuracy"] == pytest.approx(0.7, abs=1e-15)
    assert (row["last_epoch_accuracy"], row["nc1"], row["first_task_epochs"]) == (0.9, 0.2, 3)
    shared = {column.name for column in SCHEMAS["first_task"]} & {column.name for column in SCHEMAS["permuted"]}
    for name in shared - {"online_accuracy"}:
        assert row[name] == history[name].iloc[2], name


def test_thresholds_say_whether_and_when_they_were_reached(table: pd.DataFrame) -> None:
    assert [_cells(table, "below_0.32", seed, "first_task_epochs") for seed in SEEDS] == [[2, 2], [3, 3]]
    assert [_cells(table, "below_0.32", seed, "threshold_reached") for seed in SEEDS] == [[True, True], [True, True]]
    assert _cells(table, "below_0.32", 1, "nc1_threshold") == [0.32, 0.32]
    assert _cells(table, "below_0.32", 1, "online_accuracy") == [pytest.approx(0.6), 0.6]  # mean of two epochs
    assert _cells(table, "below_0.25", 1, "threshold_reached") == [True]
    assert _cells(table, "below_0.25", 2, "threshold_reached") == [False]
    assert _cells(table, "below_0.25", 2, "first_task_epochs") == [3]
    assert _cells(table, "below_0.25", 2, "nc1") == [0.31]
    assert _cells(table, "continual", 1, "threshold_reached") == [None] * 3
    assert np.isnan(_cells(table, "continual", 1, "nc1_threshold")).all()


def test_a_shared_first_task_may_be_longer_than_an_arms_cap(tmp_path: Path) -> None:
    capped = _arm("below_0.25", epochs=None, nc1_below=0.25, max_epochs=2)
    table = _assembled(tmp_path, arms=[*ARMS[:4], capped])
    assert _cells(table, "below_0.25", 1, "threshold_reached") == [False]
    assert _cells(table, "below_0.25", 1, "first_task_epochs") == [2]
    assert _cells(table, "below_0.25", 1, "online_accuracy") == [pytest.approx(0.6)]


def test_a_diverged_task_has_no_numbers_and_the_others_keep_theirs(tmp_path: Path) -> None:
    table = _assembled(tmp_path, later={**LATER, ("continual", 1): [0.45, None]})
    lost = table.loc[(table["arm"] == "continual") & (table["seed"] == 1)]
    assert lost["diverged"].tolist() == [False, False, True]
    assert lost.iloc[2][["online_accuracy", "plasticity_gap", "published_plasticity_loss", "nc1"]].isna().all()
    assert lost["fresh_accuracy"].tolist() == [0.5, 0.52, 0.53]
    assert lost["plasticity_gap"].tolist()[:2] == [0.0, 0.52 - 0.45]
    assert set(table.loc[table["arm"] != "continual", "diverged"]) == {False}


def test_a_diverged_first_task_has_one_row(tmp_path: Path) -> None:
    columns = {"online_accuracy": [0.5, None], "last_epoch_accuracy": [0.5, None], "nc1": [0.4, None]}
    first = {"plain": _first(1) + _first(2), "fast": _first(1, **columns, diverged=[False, True]) + _first(2)}
    fast = [_arm("fast", first_task="fast", epochs=3), _arm("crossed", first_task="fast", epochs=None, nc1_below=0.3)]
    table = _assembled(tmp_path, arms=[*ARMS, *fast], first=first)
    for name, reached in (("fast", None), ("crossed", False)):
        rows = table.loc[(table["arm"] == name) & (table["seed"] == 1)]
        assert rows["task"].tolist() == [1]
        assert rows["diverged"].tolist() == [True]
        assert rows["threshold_reached"].tolist() == [reached]
        assert rows["first_task_epochs"].tolist() == [2]
        assert rows[["online_accuracy", "published_plasticity_loss", "approximate_rank"]].isna().to_numpy().all()


def test_a_baseline_that_diverges_leaves_the_gap_missing_from_then_on(tmp_path: Path) -> None:
    table = _assembled(tmp_path, later={**LATER, ("random_init", 1): [None]})
    assert _cells(table, "continual", 1, "online_accuracy") == [0.5, 0.45, 0.33]
    assert _cells(table, "continual", 1, "plasticity_gap")[0] == 0
    assert np.isnan(_cells(table, "continual", 1, "plasticity_gap")[1:]).all()
    assert np.isnan(_cells(table, "continual", 1, "fresh_accuracy")[1:]).all()
    assert np.isfinite(_cells(table, "continual", 1, "published_plasticity_loss")).all()
    assert np.isfinite(_cells(table, "continual", 2, "plasticity_gap")).all()


def test_an_arm_that_trains_otherwise_has_a_baseline_of_its_own(tmp_path: Path) -> None:
    first = {"plain": _first(1) + _first(2), "fast": _first(1, online_accuracy=[0.8, 0.9, 0.9]) + _first(2)}
    fast = [
        _arm("random_init_fast", experiment="random_init", first_task="fast", reference="random_init_fast"),
        _arm("fast", reference="random_init_fast"),
    ]
    later = {**LATER, ("random_init_fast", 1): [0.7], ("random_init_fast", 2): [0.7]}
    table = _assembled(
        tmp_path, arms=[*ARMS, *fast], first=first, later={**later, ("fast", 1): [0.6], ("fast", 2): [0.6]}
    )
    assert _cells(table, "fast", 1, "fresh_accuracy") == [0.8, 0.7]
    assert _cells(table, "fast", 1, "plasticity_gap") == [pytest.approx(0.3), pytest.approx(0.1)]
    assert _cells(table, "random_init_fast", 1, "plasticity_gap") == [0, 0]
    assert _cells(table, "continual", 1, "fresh_accuracy") == [0.5, 0.52, 0.53]


@pytest.mark.parametrize("left", [(), (0.52,)])
def test_a_baseline_that_was_not_run_on_a_task_is_named(tmp_path: Path, left: tuple[float, ...]) -> None:
    later = (
        {**LATER, ("random_init", 1): list(left)} if left else {k: v for k, v in LATER.items() if k[0] != "random_init"}
    )
    with pytest.raises(PlasticityError, match=r"^expected random_init on every task, got none on task \d of seed 1$"):
        _assembled(tmp_path, later=later)


def test_the_settings_are_the_tables_provenance(tmp_path: Path) -> None:
    _assembled(tmp_path)
    assert read_provenance(tmp_path / "metrics")["settings"] == {"arms": ARMS}


def test_the_tables_of_the_stages_go_through(tiny: TinyStudy, tmp_path: Path) -> None:
    settings = first_settings(epochs=(1, 3), thresholds=(1e-9,), max_epochs=3)
    first = train_first(tiny.data, tmp_path, settings)
    runs = [
        arm("random_init", intervention=RESET, intervene_after="every_task"),
        *(arm("continual"), arm("long", epochs=3), arm("never", epochs=None, nc1_below=1e-9, max_epochs=3)),
    ]
    Trained(tiny.data, {"plain": first}).follow(tmp_path / "following", following_settings(*runs))
    keys = ("name", "first_task", "epochs", "nc1_below", "max_epochs")
    arms = [{**{key: getattr(run, key) for key in keys}, "experiment": "e", "reference": "random_init"} for run in runs]
    files = AssembleFiles([("plain", first.history)], [tmp_path / "following"], tmp_path / "metrics")
    assemble_permuted(files, settings=AssembleTasksSettings.of({"arms": arms}))
    table = read_table(tmp_path / "metrics", "permuted")
    assert len(table) == 2 * (4 + 4 + 4 + 1)
    gaps = {
        name: table.loc[(table["arm"] == name) & (table["task"] > 1), "plasticity_gap"]
        for name in ("random_init", "continual", "long")
    }
    assert set(gaps["random_init"]) == {0.0}
    assert len(set(gaps["continual"])) > 1
    assert gaps["long"].tolist() != gaps["continual"].tolist()
    history = read_table(first.history, "first_task")
    mean = history.loc[history["seed"] == 1, "online_accuracy"].mean()
    assert _cells(table, "long", 1, "online_accuracy")[0] == pytest.approx(mean)
    assert _cells(table, "never", 2, "threshold_reached") == [False]
