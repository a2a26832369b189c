"""Leases of GPUs, contended for by real processes; the devices are names, so that no GPU is needed."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from plasticity.errors import PlasticityError
from plasticity.jobs import device as device_module
from plasticity.jobs import gpus
from plasticity.jobs.gpus import Lease, Sharing, lease_gpu, lock_folder, sharing_of, take_lease

DEVICES = ["GPU-a", "GPU-b"]
NO_WAIT = Sharing(wait_minutes=0)

# Waits until all have started. Takes a slot, proves that it is alone on it by a file that only one process can make,
# holds it, and leaves it.
VISITOR = """
import os, sys, time
from pathlib import Path
from plasticity.jobs import gpus
gpus._SECONDS_BETWEEN_TRIES = 0.002
folder, devices, visits, seconds = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]), float(sys.argv[4])
(folder / f"started.{os.getpid()}").touch()
while len(list(folder.glob("started.*"))) < int(sys.argv[5]):
    time.sleep(0.002)
for _ in range(visits):
    lease = gpus.take_lease(devices, folder, gpus.Sharing(2 if visits > 1 else 1, wait_minutes=1))
    mine = folder / f"inside.{lease.position}.{lease.slot}"
    os.close(os.open(mine, os.O_CREAT | os.O_EXCL))
    print(lease.position, lease.slot, flush=True)
    time.sleep(seconds)
    mine.unlink()
    lease.lock.release()
"""


def visitor(folder: Path, *, visits: int, seconds: float, together: int) -> subprocess.Popen[str]:
    """A process that goes to a slot some times: to one of two per device, or to one of one if it goes only once."""
    numbers = (str(number) for number in (visits, seconds, together))
    command = [sys.executable, "-c", VISITOR, str(folder), ",".join(DEVICES), *numbers]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def holders(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that hold the only slots of two devices; both are inside."""
    found = [visitor(tmp_path, visits=1, seconds=60, together=2) for _ in DEVICES]
    for process in found:
        assert process.stdout
        process.stdout.readline()
    yield found
    for process in found:
        process.kill()
        process.communicate()


def test_no_two_processes_are_ever_on_one_slot(tmp_path: Path) -> None:
    processes = [visitor(tmp_path, visits=20, seconds=0.005, together=6) for _ in range(6)]
    told = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, told
    visits = [line for out, _ in told for line in out.splitlines()]
    assert len(visits) == 6 * 20
    assert set(visits) == {"0 0", "0 1", "1 0", "1 1"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_slot_is_free_again_when_its_process_dies(
    tmp_path: Path, holders: list[subprocess.Popen[str]], number: int
) -> None:
    with pytest.raises(PlasticityError, match="got none"):
        take_lease(DEVICES, tmp_path, NO_WAIT)
    holders[1].send_signal(number)
    holders[1].wait()
    freed = take_lease(DEVICES, tmp_path, NO_WAIT)
    assert freed.slot == 0
    with pytest.raises(PlasticityError, match="got none"):
        take_lease(DEVICES, tmp_path, NO_WAIT)


def test_a_waiting_job_says_so_once_and_goes_on_when_a_slot_is_free(
    tmp_path: Path,
    holders: list[subprocess.Popen[str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = iter(range(1, 100))

    def sleep(_seconds: float) -> None:
        if next(tries) == 5:
            holders[0].kill()
            holders[0].wait()

    monkeypatch.setattr(gpus, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    with caplog.at_level(logging.INFO, logger="plasticity"):
        take_lease(DEVICES, tmp_path, Sharing(wait_minutes=1))
    waiting, leased = (record.getMessage() for record in caplog.records)
    assert waiting == "all GPUs are busy (1 job slot(s) on each of 2 GPU(s)); waiting for a slot"
    assert leased.startswith("leased slot 1 of 1 of GPU GPU-")


def test_waiting_ends_at_the_limit_with_one_line(
    tmp_path: Path, holders: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 30))
    monkeypatch.setattr(
        gpus, "time", SimpleNamespace(monotonic=lambda: float(next(clock)), sleep=lambda _seconds: None)
    )
    with pytest.raises(PlasticityError) as error:
        take_lease(DEVICES, tmp_path, Sharing(1, wait_minutes=2))
    assert str(error.value) == (
        "GPU: expected one of 1 job slot(s) on each of 2 GPU(s) to become free within 2 minutes, got none; "
        "see `--resources gpu=N` and PLASTICITY_JOBS_PER_GPU"
    )
    assert next(clock) == 150  # at the start, then 30 s apart up to the limit, and not beyond it


def test_devices_fill_evenly(tmp_path: Path) -> None:
    taken = [take_lease(DEVICES, tmp_path, Sharing(2, 0)) for _ in range(4)]
    assert [(lease.position, lease.slot) for lease in taken] == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_one_device_seen_in_another_order_is_one_device(tmp_path: Path) -> None:
    first = take_lease(DEVICES, tmp_path, NO_WAIT)
    second = take_lease(DEVICES[::-1], tmp_path, NO_WAIT)
    assert (DEVICES[first.position], DEVICES[::-1][second.position]) == ("GPU-a", "GPU-b")
    with pytest.raises(PlasticityError):
        take_lease(DEVICES[:1], tmp_path, NO_WAIT)


def test_names_of_devices_make_no_folders(tmp_path: Path) -> None:
    take_lease(["MIG-a/3/0", "../up"], tmp_path, NO_WAIT)
    assert [path.name for path in tmp_path.iterdir()] == ["MIG-a_3_0.slot0.lock"]


SLURM = {"SLURM_JOB_ID": "12"}


@pytest.mark.parametrize(
    ("environment", "devices", "leased"),
    [
        ({}, DEVICES[:1], True),
        ({"CUDA_VISIBLE_DEVICES": "3"}, DEVICES[:1], True),
        (SLURM, DEVICES[:1], False),
        (SLURM, DEVICES, True),
        (SLURM | {"PLASTICITY_JOBS_PER_GPU": "1"}, DEVICES[:1], True),
    ],
    ids=["alone", "user's choice", "given by the cluster", "allocation of several", "shared on purpose"],
)
def test_what_the_cluster_has_assigned_is_not_leased(
    tmp_path: Path, environment: dict[str, str], devices: list[str], leased: bool
) -> None:
    lease = lease_gpu(devices, environment, tmp_path)
    assert (lease.position, lease.slot, lease.lock is not None) == (0, 0, leased)
    assert bool(list(tmp_path.iterdir())) is leased


def test_settings_of_the_machine() -> None:
    assert sharing_of({}) == Sharing(1, 24 * 60)
    assert sharing_of({"PLASTICITY_JOBS_PER_GPU": "4", "PLASTICITY_GPU_WAIT_MINUTES": "1.5"}) == Sharing(4, 1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [(gpus.JOBS_PER_GPU, value) for value in ("0", "-1", "two", "1.5", "")]
    + [(gpus.WAIT_MINUTES, value) for value in ("-1", "nan", "long", "")],
)
def test_settings_that_make_no_sense_are_refused(name: str, value: str) -> None:
    with pytest.raises(PlasticityError, match=f"{name}: expected a .*, got '{value}'"):
        sharing_of({name: value})


def test_the_lock_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = lock_folder()
    assert folder == lock_folder() == tmp_path / f"plasticity-gpus-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    folder.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(PlasticityError, match="got a link"):
        lock_folder()
    folder.unlink()
    folder.write_text("a file")
    with pytest.raises(PlasticityError, match="File exists"):
        lock_folder()
    folder.unlink()
    monkeypatch.setattr(gpus.os, "getuid", lambda: 12345)
    with pytest.raises(PlasticityError, match="another user's"):
        lock_folder()


# What the device of a job is made of


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """A machine with two GPUs, as far as torch tells; returns the devices that are made current."""
    current: list[torch.device] = []
    device_module._lease.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda position: SimpleNamespace(uuid=DEVICES[position]))
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    return current


def test_a_process_leases_once_and_computes_there(
    cuda: list[torch.device], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "lock_folder", lambda: tmp_path)
    for name in ("SLURM_JOB_ID", gpus.JOBS_PER_GPU, gpus.WAIT_MINUTES):
        monkeypatch.delenv(name, raising=False)
    held: Lease = take_lease(DEVICES, tmp_path, NO_WAIT)
    assert held.position == 0
    try:
        assert [device_module._choose_device() for _ in range(3)] == [torch.device("cuda", 1)] * 3
    finally:
        device_module._lease.cache_clear()
    assert cuda == [torch.device("cuda", 1)] * 3


@pytest.mark.parametrize(
    ("visible", "reason"), [("", " (CUDA_VISIBLE_DEVICES is empty)"), (None, "")], ids=["hidden", "none"]
)
def test_the_fall_back_to_the_cpu_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, visible: str | None, reason: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with caplog.at_level(logging.INFO, logger="plasticity"):
        assert device_module._choose_device() == torch.device("cpu")
    assert [record.getMessage() for record in caplog.records] == [f"No GPU found{reason}; using the CPU"]
