import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark_tables import jobs
from plasticity.report.benchmark_summaries import by_run, by_stage, main_run, most_at_once, shares


def test_shares_of_a_run() -> None:
    """Two jobs side by side and one after them: 20 s of two slots are 40, 12 of them start-up and 18 work."""
    found = shares(jobs({}, {}, {"started": 110.0, "ended": 120.0}))
    assert found["slots"] == 3
    found = shares(jobs({}, {"ended": 110.0}, {"started": 110.0, "ended": 120.0}))
    assert (found["seconds"], found["first_work"], found["slots"]) == (20.0, 6.0, 2)
    assert (found["start_up"], found["work"]) == (pytest.approx(12 / 40), pytest.approx(16 / 40))
    assert found["rest"] == pytest.approx(12 / 40)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=12))
def test_most_at_once_is_the_fullest_moment(intervals: list[tuple[int, int]]) -> None:
    started = np.array([start for start, _ in intervals])
    ended = started + np.array([length for _, length in intervals])
    fullest = max(int(((started <= moment) & (moment < ended)).sum()) for moment in range(30))
    assert most_at_once(started, ended) == fullest


def test_stages_are_summed_in_the_order_in_which_they_ran() -> None:
    table = by_stage(
        jobs(
            {"study": "warm_start", "stage": "fine_tune", "started": 500.0, "gpu_utilisation": 0.5},
            {"study": "warm_start", "stage": "fine_tune", "wall_seconds": 30.0, "peak_memory_mib": 70.0},
            {"started": 1.0},
        )
    )
    assert list(table["stage"]) == ["prepare_data", "fine_tune"]
    row = table.iloc[1]
    assert (row["jobs"], row["wall time, s"], row["longest job, s"]) == (2, "40.0", "30.0")
    assert (row["start-up, % of wall time"], row["peak memory, MiB"]) == ("20", "70")
    assert (row["GPU busy, %"], row["GPU memory, MiB"]) == ("50", "–")
    assert table.iloc[0]["GPU busy, %"] == "–"


def test_runs_are_told_apart_and_unknown_ones_left_out() -> None:
    table = jobs({}, {"run": 5000.0, "started": 5001.0, "ended": 5101.0, "wall_seconds": 100.0}, {"run": np.nan})
    assert list(by_run(table)["started, UTC"]) == ["1970-01-01 01:23:20", "1970-01-01 00:01:40"]
    assert list(by_run(table)["jobs"]) == [1, 1]
    assert list(main_run(table)["run"]) == [5000.0]
    assert main_run(jobs({"run": np.nan})).empty
    assert by_run(jobs({"run": np.nan})).empty
