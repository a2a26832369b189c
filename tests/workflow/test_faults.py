"""Faults on purpose: damaged and missing files, folders without permission, full disks, processes that are killed.

Each time the user gets one clear line or the work simply goes on, nothing half-written stands under a final name, and
running again gives the bytes of a run that nothing disturbed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from damage import everything, flip, truncate
from plasticity.config.slices import SplitSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.errors import PlasticityError
from plasticity.jobs import unfinished
from plasticity.stages.draw_split import draw_split
from plasticity.stages.prepare import prepare
from plasticity.storage import files, tables
from tiny_permuted import Trained, arm, following_settings, train_first
from tiny_study import FOLDER, RECORDS, SEED, Killed, TinyStudy, checkpoints_of

ROOT = os.getuid() == 0 if hasattr(os, "getuid") else False


def delete(path: Path) -> None:
    path.unlink()


FAULTS = [truncate, flip, delete]


def parts(folder: Path) -> list[str]:
    return [name for name in everything(folder) if name.endswith(".part")]


@pytest.fixture
def study(tiny: TinyStudy, tmp_path: Path) -> TinyStudy:
    """A copy whose files may be damaged."""
    data = Path(shutil.copytree(tiny.data.parent, tmp_path / "digits")) / tiny.data.name
    return TinyStudy(data, Path(shutil.copy(tiny.split, tmp_path)))


def refused(run: Callable[[], object], path: Path) -> str:
    """Return the one line in which a stage refuses a file."""
    with pytest.raises(PlasticityError) as error:
        run()
    line = str(error.value)
    assert line.startswith(f"{path}: ")
    assert "expected" in line
    assert ", got" in line
    assert "\n" not in line
    return line


# Damaged and missing files


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["train_images.npy", "test_labels.npy", "dataset.json"])
def test_prepared_data(study: TinyStudy, tmp_path: Path, name: str, fault: Callable[[Path], None]) -> None:
    path, before = study.data.with_name(name), everything(study.data.parent)
    fault(path)
    refused(lambda: study.warm_up(tmp_path / "out"), path)
    assert not everything(tmp_path / "out")
    prepare(DataSetSettings(name="digits", reader="digits"), study.data.parent)
    assert everything(study.data.parent) == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_that_a_stage_reads(study: TinyStudy, tmp_path: Path, fault: Callable[[Path], None]) -> None:
    before = study.split.read_bytes()
    fault(study.split)
    refused(lambda: study.warm_up(tmp_path / "out"), study.split)
    assert not everything(tmp_path / "out")
    draw_split(SplitSettings(train_size=200, warm_up_fraction=0.5), dataset=study.data, seed=SEED, output=study.split)
    assert study.split.read_bytes() == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_checkpoint(tiny: TinyStudy, tmp_path: Path, fault: Callable[[Path], None]) -> None:
    made = tiny.warm_up(tmp_path / "warm_up")
    before, start = everything(tmp_path), checkpoints_of(made.trajectory / FOLDER, 2)
    fault(start[2])
    refused(lambda: tiny.fine_tune(tmp_path / "out", start), start[2])
    assert not everything(tmp_path / "out")
    shutil.rmtree(made.trajectory)
    tiny.warm_up(tmp_path / "warm_up")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_record_is_computed_anew(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, fault: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    starts = checkpoints_of(trajectory, 1, 2)
    tiny.fine_tune(tmp_path, starts)
    before = everything(tmp_path)
    fault(tmp_path / RECORDS / "epoch0002.json")
    tiny.fine_tune(tmp_path, starts)
    assert everything(tmp_path) == before
    warnings = [line for line in caplog.messages if "computing it again" in line]
    assert len(warnings) == (fault is not delete)


@pytest.mark.parametrize("fault", FAULTS)
def test_unfinished_work_is_done_anew(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Path], None]
) -> None:
    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
        patch.setattr("plasticity.stages.warm_up._write_history", die)
        tiny.warm_up(tmp_path)
    (state,) = tmp_path.glob("*/*/state.safetensors")
    fault(state)
    made = tiny.warm_up(tmp_path)
    assert everything(made.trajectory / FOLDER) == everything(trajectory)
    assert not made.unfinished.exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_first_task_that_following_tasks_start_from(
    tiny: TinyStudy, tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    made = train_first(tiny.data, tmp_path / "first")
    before, trained = everything(tmp_path), Trained(tiny.data, {"plain": made})
    settings = following_settings(arm("continual", tasks=1))
    for path in (made.history, made.trajectory / "seed1_epoch0001.safetensors"):
        fault(path)
        refused(lambda: trained.follow(tmp_path / "out.parquet", settings), path)
        train_first(tiny.data, tmp_path / "first")
        assert everything(tmp_path) == before


# Folders and disks that refuse


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount small file systems in memory, where that is allowed."""
    made: list[Path] = []

    def mount(size: str) -> Path:
        if not ROOT or sys.platform != "linux":
            pytest.skip("only root may mount a small file system")
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full(tiny: TinyStudy, trajectory: Path, tmp_path: Path, mounted: Callable[[str], Path]) -> None:
    disk = mounted("32k")  # room for three of the four checkpoints, of 7 kB each
    with pytest.raises(PlasticityError, match="expected to write this file, got: No space left on device"):
        tiny.warm_up(disk / "out")
    left = everything(disk)
    assert not parts(disk)
    assert all(".trajectory.unfinished" in name for name in left)
    subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
    assert everything(tiny.warm_up(disk / "out").trajectory / FOLDER) == everything(trajectory)


def test_a_folder_without_permission(tiny: TinyStudy, trajectory: Path, request: pytest.FixtureRequest) -> None:
    if ROOT:  # whom permissions do not hold back; a read-only file system does
        folder: Path = request.getfixturevalue("mounted")("1m")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    else:
        folder = request.getfixturevalue("tmp_path") / "closed"
        folder.mkdir(mode=0o555)
    with pytest.raises(PlasticityError, match=r"expected to write this file, got: (Permission denied|Read-only file)"):
        tiny.warm_up(folder / "out")
    assert not everything(folder)
    if ROOT:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    else:
        folder.chmod(0o755)
    assert everything(tiny.warm_up(folder / "out").trajectory / FOLDER) == everything(trajectory)


WRITERS = {
    "checkpoint": (Path, "write_bytes", OSError(28, "No space left on device")),
    "table": (tables.pq, "write_table", OSError(28, "No space left on device")),
    "flush": (files, "_flush", OSError(28, "No space left on device")),
}


@pytest.mark.parametrize("call", [1, 3])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_write_that_finds_no_space(tiny: TinyStudy, trajectory: Path, tmp_path: Path, writer: str, call: int) -> None:
    """In any stage of a fine-tuning; what was finished before stays, what was begun does not."""
    owner, name, error = WRITERS[writer]
    whole, cut, starts = tmp_path / "whole", tmp_path / "cut", checkpoints_of(trajectory, 1, 2)
    original, calls = getattr(owner, name), iter(range(1, 99))

    def write(*given: Any, **options: Any) -> Any:
        if next(calls) >= call:
            raise error
        return original(*given, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
        patch.setattr(owner, name, write)
        if (writer, call) == ("table", 3):  # a job writes two tables
            tiny.fine_tune(cut, starts)
        else:
            with pytest.raises(PlasticityError, match="expected to write this file, got: No space left on device"):
                tiny.fine_tune(cut, starts)
    assert not parts(tmp_path)
    tiny.fine_tune(cut, starts)
    tiny.fine_tune(whole, starts)
    assert everything(cut) == everything(whole)


# Processes that are killed


@pytest.mark.slow
@pytest.mark.parametrize(("number", "times"), [("SIGKILL", 20), ("SIGTERM", 6)])
@pytest.mark.parametrize("stage", ["warm_up", "following_tasks"])
def test_ends_at_random_moments(tiny: TinyStudy, tmp_path: Path, stage: str, number: str, times: int) -> None:
    helper = Path(__file__).parents[1].joinpath("kill_at_random.py")
    arguments = [stage, number, str(times), str(tiny.data), str(tiny.split), str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(helper), *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{times} attempts ended by {number}" in done.stdout
