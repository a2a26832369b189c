import logging
import sys
import time

import pytest

from plasticity.jobs.progress import Progress


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "monotonic", found)
    return found


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="plasticity")
    return lambda: [record.getMessage() for record in caplog.records]


def test_every_epoch_is_logged_with_what_is_left(clock: Clock, lines) -> None:
    progress = Progress("warm-up plain, seed 7", 4, _start=clock.now)
    for epoch in (1, 2, 3, 4):
        clock.now += 10
        progress.show(epoch, epoch / 8, 12345.6)
    assert lines() == [
        "warm-up plain, seed 7: epoch 1/4, accuracy 0.125, 12,346 images/s, at most 0:00:30 left",
        "warm-up plain, seed 7: epoch 2/4, accuracy 0.250, 12,346 images/s, at most 0:00:20 left",
        "warm-up plain, seed 7: epoch 3/4, accuracy 0.375, 12,346 images/s, at most 0:00:10 left",
        "warm-up plain, seed 7: epoch 4/4, accuracy 0.500, 12,346 images/s, at most 0:00:00 left",
    ]


def test_a_resumed_run_counts_its_own_epochs_only(clock: Clock, lines) -> None:
    progress = Progress("resumed", 10, _start=clock.now)
    clock.now += 6
    progress.show(8, 0.5, 1.0)
    clock.now += 6
    progress.show(9, 0.5, 1.0)
    assert [line.split("at most ")[1] for line in lines()] == ["0:00:12 left", "0:00:06 left"]


def test_a_terminal_gets_a_line_every_few_seconds_and_the_last_one(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress("on a terminal", 12)
    for epoch in range(1, 13):
        clock.now += 2
        progress.show(epoch, 0.5, 1.0)
    shown = [line.split("epoch ")[1].split("/")[0] for line in capsys.readouterr().err.splitlines()]
    assert shown == ["1", "4", "7", "10", "12"]


def test_without_a_terminal_standard_error_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    Progress("in a job", 1).show(1, 0.5, 1.0)
    assert capsys.readouterr().err == ""
