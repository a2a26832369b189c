"""Unfinished work is saved some seconds apart, and once more when a signal ends the stage."""

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plasticity.jobs.stopping import Stopped
from plasticity.stages import saves
from plasticity.stages.saves import Saves


class Work:
    """Remembers what is saved."""

    def __init__(self) -> None:
        self.saved: list[tuple[float, int]] = []

    def save(self, tensors: Any, rows: Any) -> None:
        self.saved.append((float(tensors["weight"][0]), len(rows[0])))


def epochs(made: Saves, seconds: list[float], count: int) -> None:
    """Train in place for some epochs of eight seconds each."""
    weight, rows = np.zeros(1), [[{}]]
    for epoch in range(1, count + 1):
        seconds[0] += 8
        weight[0] = epoch
        made.save_sometimes({"weight": weight}, rows)
        rows[0].append({})
    weight[0] = -1.0  # an unfinished epoch


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(saves, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_saves_are_twenty_seconds_apart(seconds: list[float]) -> None:
    work: Any = Work()
    epochs(Saves(work), seconds, 7)
    assert work.saved == [(3.0, 3), (6.0, 6)]


@pytest.mark.parametrize(("count", "expected"), [(2, [(2.0, 2)]), (3, [(3.0, 3)]), (5, [(3.0, 3), (5.0, 5)]), (0, [])])
def test_a_signal_saves_the_last_finished_epoch_once(
    seconds: list[float], count: int, expected: list[tuple[float, int]]
) -> None:
    work: Any = Work()
    made = Saves(work)
    with pytest.raises(Stopped), made.saving_when_stopped():
        epochs(made, seconds, count)
        raise Stopped(signal.SIGTERM)
    assert work.saved == expected


def test_another_end_saves_nothing(seconds: list[float], tmp_path: Path) -> None:
    work: Any = Work()
    made = Saves(work)
    with pytest.raises(OSError, match="no such"), made.saving_when_stopped():
        epochs(made, seconds, 2)
        raise OSError(f"no such {tmp_path}")
    assert work.saved == []
