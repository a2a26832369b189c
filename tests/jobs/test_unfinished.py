import json
import logging
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plasticity.jobs import unfinished
from plasticity.jobs.stopping import Stopped
from plasticity.jobs.unfinished import Unfinished

TENSORS = {"weight0": np.arange(6, dtype=np.float32).reshape(2, 3), "bias0": np.array([np.inf, -0.0], np.float32)}
STATE = [[{"epoch": 1, "nc1": 0.1 + 0.2, "diverged": False}, {"epoch": 2, "nc1": None, "diverged": True}], []]


@pytest.fixture
def work(tmp_path: Path) -> Unfinished:
    return Unfinished(tmp_path / "unfinished" / "state.safetensors", "digest")


def _other_files(work: Unfinished) -> tuple[Path, Path]:
    inside, beside = work.path.with_name("kept.txt"), work.path.parents[1] / "beside.txt"
    for path in (inside, beside):
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept")
    return inside, beside


def test_what_was_saved_comes_back_to_the_bit(work: Unfinished) -> None:
    work.save(TENSORS, STATE)
    inside, _ = _other_files(work)
    saved = Unfinished(work.path, "digest").load()
    assert saved is not None
    assert saved.settings["state"] == STATE
    assert set(saved.weights) == set(TENSORS)
    for name, value in TENSORS.items():
        assert saved.weights[name].dtype == value.dtype
        assert saved.weights[name].tobytes() == value.tobytes()
    assert inside.exists()  # what belongs to usable work stays


def test_a_state_may_be_larger_than_the_header_of_a_checkpoint(work: Unfinished) -> None:
    state = "x" * 100_000_001  # such as the stored spectra of many tasks
    work.save(TENSORS, state)
    saved = work.load()
    assert saved is not None
    assert saved.settings["state"] == state


def test_a_later_state_replaces_the_one_before_and_leaves_no_other_file(work: Unfinished) -> None:
    work.save(TENSORS, 1)
    work.save({"other": np.zeros(1)}, 2)
    saved = work.load()
    assert saved is not None
    assert (list(saved.weights), saved.settings["state"]) == (["other"], 2)
    assert [path.name for path in work.path.parent.iterdir()] == ["state.safetensors"]


def test_nothing_saved_is_nothing_and_what_lies_there_is_cleared(work: Unfinished) -> None:
    assert work.load() is None
    inside, beside = _other_files(work)
    assert work.load() is None
    assert (inside.exists(), beside.exists()) == (False, True)


def test_work_of_another_digest_is_cleared(work: Unfinished, caplog: pytest.LogCaptureFixture) -> None:
    work.save(TENSORS, STATE)
    inside, beside = _other_files(work)
    with caplog.at_level(logging.INFO, logger="plasticity"):
        assert Unfinished(work.path, "another").load() is None
    assert [record.getMessage() for record in caplog.records] == [
        "unfinished work belongs to other settings, starting over"
    ]
    assert (work.path.exists(), inside.exists(), beside.exists()) == (False, False, True)


@pytest.mark.parametrize("damage", ["a flipped bit", "cut short", "empty", "text", "no checkpoint of this project"])
def test_damaged_work_is_named_and_cleared(work: Unfinished, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    work.save(TENSORS, STATE)
    content = bytearray(work.path.read_bytes())
    if damage == "a flipped bit":
        content[-1] ^= 1
    header = json.dumps({}).encode()
    other = {"cut short": content[:-3], "empty": b"", "text": b"{}" * 50}
    other["no checkpoint of this project"] = len(header).to_bytes(8, "little") + header
    work.path.write_bytes(other.get(damage, content))
    with caplog.at_level(logging.WARNING, logger="plasticity"):
        assert work.load() is None
    (record,) = caplog.records
    assert record.getMessage().startswith(f"unfinished work is unusable, starting over: {work.path}: ")
    assert "\n" not in record.getMessage()
    assert not work.path.parent.exists()


def test_clear_removes_the_folder_alone_and_may_be_repeated(work: Unfinished) -> None:
    work.save(TENSORS, STATE)
    _, beside = _other_files(work)
    work.clear()
    work.clear()
    assert (work.path.parent.exists(), beside.exists()) == (False, True)


@pytest.fixture
def seconds(work: Unfinished, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    start, passed = time.monotonic(), [0.0]
    monkeypatch.setattr(unfinished, "time", SimpleNamespace(monotonic=lambda: start + passed[0]))
    return passed


def _train(work: Unfinished, seconds: list[float], epochs: int) -> list[int | None]:
    """Train in place for some epochs of eight seconds each; return which epoch is saved after each."""
    weight, rows, saved = np.zeros(1), [[{}]], []
    for epoch in range(1, epochs + 1):
        seconds[0] += 8
        weight[0] = epoch
        work.save_sometimes({"weight": weight}, rows)
        rows[0].append({})
        saved.append(_saved(work))
    weight[0] = -1.0  # an epoch that has begun
    return saved


def _saved(work: Unfinished) -> int | None:
    """Return the epoch whose weights and rows are saved."""
    if (found := work.load()) is None:
        return None
    epoch = int(found.weights["weight"][0])
    assert len(found.settings["state"][0]) == epoch
    return epoch


def test_saves_are_twenty_seconds_apart(work: Unfinished, seconds: list[float]) -> None:
    assert _train(work, seconds, 7) == [None, None, 3, 3, 3, 6, 6]


@pytest.mark.parametrize(("epochs", "expected"), [(0, None), (2, 2), (3, 3), (5, 5)])
def test_a_signal_saves_the_last_finished_epoch(
    work: Unfinished, seconds: list[float], epochs: int, expected: int | None
) -> None:
    with pytest.raises(Stopped), work.saving_when_stopped():
        _train(work, seconds, epochs)
        raise Stopped(signal.SIGTERM)
    assert _saved(work) == expected


def test_a_signal_that_comes_while_an_epoch_is_written_does_not_lose_it(
    work: Unfinished, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = unfinished.write_checkpoint, []

    def interrupted(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise Stopped(signal.SIGTERM)
        write(*args)

    monkeypatch.setattr(unfinished, "write_checkpoint", interrupted)
    with pytest.raises(Stopped), work.saving_when_stopped():
        _train(work, seconds, 3)
    assert (len(calls), _saved(work)) == (2, 3)


def test_another_end_saves_nothing(work: Unfinished, seconds: list[float]) -> None:
    with pytest.raises(OSError, match="no such"), work.saving_when_stopped():
        _train(work, seconds, 2)
        raise OSError("no such file")
    assert _saved(work) is None
