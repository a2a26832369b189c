"""Which rows a measure reads: layers, and the last checkpoint of runs that end at different iterations."""

import pandas as pd
import pytest

from plasticity.report.published.places import nearest, rows_at, rows_of

ENDS = {("a", 1): (1, 10, 100), ("a", 2): (1, 10, 40), ("b", 1): (1, 7)}
ROWS = pd.DataFrame(
    [
        {"arm": arm, "seed": seed, "iteration": iteration, "layer": layer, "last_layer": layer == 3}
        for (arm, seed), iterations in ENDS.items()
        for iteration in iterations
        for layer in (1, 2, 3)
    ]
)


def places(at: int | str, name: str = "a") -> tuple[set[tuple[int, int]], str, str]:
    place = rows_at(rows_of(ROWS, "arm", name), at, "iteration")
    return set(zip(place.rows["seed"], place.rows["iteration"], strict=True)), place.name, place.missing


def test_a_layer_is_the_last_one_unless_it_is_named() -> None:
    assert set(rows_of(ROWS, "arm", "a")["layer"]) == {3}
    assert set(rows_of(ROWS, "arm", "a", 2)["layer"]) == {2}
    assert rows_of(ROWS, "arm", "a", 4).empty
    flat = pd.DataFrame(ROWS, columns=["arm", "seed", "iteration"]).drop_duplicates()
    assert len(rows_of(flat, "arm", "b")) == 2


def test_the_last_checkpoint_is_each_runs_own() -> None:
    assert places("last") == ({(1, 100), (2, 40)}, "iteration 40 to 100", "")
    assert places("last", "b") == ({(1, 7)}, "iteration 7", "")


def test_half_is_the_last_checkpoint_in_the_first_half() -> None:
    assert places("half") == ({(1, 10), (2, 10)}, "iteration 10", "")
    assert places("half", "b") == ({(1, 1)}, "iteration 1", "")


@pytest.mark.parametrize(
    ("at", "iteration", "missing"), [("first", 1, ""), (10, 10, ""), (12, 10, "published at iteration 12, nearest")]
)
def test_a_number_is_the_same_checkpoint_of_all_runs(at: int | str, iteration: int, missing: str) -> None:
    found, name, said = places(at)
    assert found == {(1, iteration), (2, iteration)}
    assert name == f"iteration {iteration}"
    assert said.startswith(missing) and bool(said) == bool(missing)


def test_no_checkpoint_has_no_name() -> None:
    assert rows_at(ROWS.loc[(ROWS["arm"] == "b") & (ROWS["iteration"] == 7)], "half", "iteration").name == ""
    assert nearest(ROWS["iteration"].to_numpy(), "last", "iteration") == (100, "")
