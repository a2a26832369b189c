import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.whole_runs import left_out, whole_runs


@pytest.fixture
def rows() -> pd.DataFrame:
    """Arm a has three tasks and b two; a's second seed diverges on its last, its third lacks a number on one."""
    cells = [
        (arm, seed, task) for arm, tasks in (("a", 3), ("b", 2)) for seed in (1, 2, 3) for task in range(1, tasks + 1)
    ]
    frame = pd.DataFrame(cells, columns=["arm", "seed", "task"]).assign(x=1.0, diverged=False)
    of_a = frame["arm"] == "a"
    frame.loc[of_a & (frame["seed"] == 2) & (frame["task"] == 3), "diverged"] = True
    frame.loc[of_a & (frame["seed"] == 3) & (frame["task"] == 2), "x"] = np.inf
    return frame


def _runs(rows: pd.DataFrame) -> set[tuple[str, int]]:
    return set(zip(rows["arm"], rows["seed"], strict=True))


def test_a_run_is_whole_that_has_all_that_any_run_of_its_arm_has(rows: pd.DataFrame) -> None:
    found = whole_runs(rows, "task", ["x"])
    assert _runs(found) == {("a", 1), ("b", 1), ("b", 2), ("b", 3)}
    assert len(found) == 3 + 3 * 2
    assert left_out(rows, found) == 2


def test_a_run_is_whole_that_has_all_that_is_expected(rows: pd.DataFrame) -> None:
    assert _runs(whole_runs(rows, "task", ["x"], expected=range(1, 2))) == _runs(rows)
    assert _runs(whole_runs(rows, "task", ["x"], expected=[1, 2, 3])) == {("a", 1)}
    shorter = whole_runs(rows, "task", ["x"], expected=[1, 2])
    assert _runs(shorter) == _runs(rows) - {("a", 3)}
    assert set(shorter["task"]) == {1, 2}
    assert whole_runs(rows, "task", ["x"], expected=[]).empty
    assert whole_runs(rows.head(0), "task", ["x"]).empty


def test_a_row_that_is_not_there_is_missed(rows: pd.DataFrame) -> None:
    gone = rows.loc[~((rows["arm"] == "b") & (rows["seed"] == 2) & (rows["task"] == 1))]
    assert ("b", 2) not in _runs(whole_runs(gone, "task", ["x"]))
