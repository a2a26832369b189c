import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.jobs.time_left import RunState

NOW = time.mktime((2026, 3, 2, 14, 0, 0, 0, 0, -1))


def state(**changed: object) -> RunState:
    given = {"total": 10, "done": 4, "waiting": {"train": 4}, "running": (("train", NOW - 30), ("train", NOW - 10))}
    return RunState(**{**given, "seconds": {"train": 100.0}, "at_once": 2, **changed})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [
        ({}, (4 * 100 + 70 + 90) / 2),
        ({"at_once": 1}, 4 * 100 + 70 + 90),
        ({"waiting": {}, "at_once": 2}, 90),  # no less than the longest job
        ({"waiting": {"train": 1}, "running": (), "at_once": 50}, 100),
        ({"running": (("train", NOW - 500),), "waiting": {}}, 0),  # longer than usual: any moment
        ({"waiting": {"draw": 3}, "running": (), "seconds": {"train": 100.0, "draw": 10.0}}, 15),
        ({"waiting": {"new": 3}, "running": (), "seconds": {"train": 90.0, "draw": 10.0}}, 3 * 30 / 2),
        ({"running": (("new", NOW - 20),), "waiting": {}}, 80),
        ({"running": (("new", NOW - 500),), "waiting": {"new": 3}}, 3 * 500 / 2),  # those to come take as long at least
        ({"seconds": {}}, None),
    ],
)
def test_the_work_that_is_left_is_shared_by_as_many_jobs_as_ran_at_once(changed: dict, seconds: float | None) -> None:
    assert state(**changed).seconds_left(NOW) == (None if seconds is None else pytest.approx(seconds))


@given(
    waiting=st.dictionaries(st.sampled_from("abc"), st.integers(1, 9)),
    running=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 50)), max_size=4),
    at_once=st.integers(1, 8),
)
def test_more_at_once_is_never_later_and_the_longest_job_never_outlasts_the_end(
    waiting: dict[str, int], running: list[tuple[str, float]], at_once: int
) -> None:
    given = {"waiting": waiting, "running": tuple((rule, NOW - age) for rule, age in running)}
    measured = {"a": 60.0, "b": 70.0}
    alone, together = (state(**given, seconds=measured, at_once=jobs).seconds_left(NOW) for jobs in (1, at_once))
    assert alone is not None
    assert together is not None
    usual = math.sqrt(60 * 70)
    longest = max([measured.get(rule, usual) for rule in waiting], default=0.0)
    assert longest - 1e-9 <= together <= alone


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "4 of 10 jobs (40%) done, 6 left: about 5 min, until 14:04"),
        ({"at_once": 9, "seconds": {"train": 50.0}}, "4 of 10 jobs (40%) done, 6 left: about 50 s, until 14:00"),
        ({"seconds": {"train": 4000.0}}, "4 of 10 jobs (40%) done, 6 left: about 3 h 20 min, until 17:19"),
        ({"seconds": {"train": 80000.0}}, "4 of 10 jobs (40%) done, 6 left: about 2 d 18 h, until Thu 05 Mar 08:39"),
        ({"seconds": {}}, "4 of 10 jobs (40%) done, 6 left: no job has been measured yet"),
        (
            {"waiting": {"new": 1}, "running": ()},
            "4 of 10 jobs (40%) done, 6 left: about 2 min, until 14:01 (1 rule not measured yet, a guess)",
        ),
        ({"done": 10}, "10 of 10 jobs (100%) done"),
    ],
)
def test_the_line(changed: dict, line: str) -> None:
    assert state(**changed).line(NOW) == line


def test_a_run_that_has_ended_early_is_not_given_a_time() -> None:
    assert state().line(NOW, ended=True) == "4 of 10 jobs (40%) done, 6 left: the run has stopped"


def test_jobs_at_work_are_counted_by_rule() -> None:
    assert state(running=(("a", NOW), ("b", NOW), ("a", NOW))).at_work() == "running: 2 a, 1 b"
    assert not state(running=()).at_work()
