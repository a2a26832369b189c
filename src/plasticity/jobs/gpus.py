"""Which GPU a job computes on: a lease of one of a device's job slots, which ends with the process however it ends.

Snakemake counts the jobs that may use a GPU at once (`--resources gpu=N`), but tells no job which device is its own.
Here every job slot of every device is a lock file. A job holds the lock of its slot for as long as it lives; the
operating system releases it when the process dies, also of SIGKILL or a crash, so no lease is ever left behind.
"""

import logging
import math
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from plasticity.errors import PlasticityError

logger = logging.getLogger(__name__)

JOBS_PER_GPU = "PLASTICITY_JOBS_PER_GPU"
WAIT_MINUTES = "PLASTICITY_GPU_WAIT_MINUTES"

_DAY = 24 * 60.0
_SECONDS_BETWEEN_TRIES = 0.5


@dataclass(frozen=True)
class Sharing:
    """How the jobs of this machine share its GPUs.

    Attributes:
        jobs_per_gpu: Job slots of each device.
        wait_minutes: How long a job waits for a slot before it fails.
    """

    jobs_per_gpu: int = 1
    wait_minutes: float = _DAY


@dataclass(frozen=True)
class Lease:
    """A job's hold of one slot; it lasts as long as this object and the process do.

    Attributes:
        position: Position of the device among those given.
        slot: Which of the device's slots, from 0.
        lock: The lock; None where the cluster has assigned the device.
    """

    position: int
    slot: int
    lock: FileLock | None


def sharing_of(environment: Mapping[str, str]) -> Sharing:
    """Read the machine's settings from environment variables: they are no part of an experiment.

    Raises:
        PlasticityError: If PLASTICITY_JOBS_PER_GPU or PLASTICITY_GPU_WAIT_MINUTES is not a number that makes sense.
    """
    jobs, minutes = environment.get(JOBS_PER_GPU, "1"), environment.get(WAIT_MINUTES, f"{_DAY:g}")
    if not re.fullmatch(r"0*[1-9]\d{0,3}", jobs.strip()):
        raise PlasticityError(f"{JOBS_PER_GPU}: expected a whole number from 1, got {jobs!r}")
    try:
        wait = float(minutes)
    except ValueError:
        wait = math.nan
    if not wait >= 0:
        raise PlasticityError(f"{WAIT_MINUTES}: expected a number of minutes from 0, got {minutes!r}")
    return Sharing(int(jobs), wait)


def lease_gpu(devices: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> Lease:
    """Return the device that is this process's own.

    A Slurm job that sees one device alone was given it by the cluster, which also counts who shares it: then there is
    nothing to lease, unless PLASTICITY_JOBS_PER_GPU says so. In an allocation of several devices, or outside of Slurm,
    the jobs lease among the devices that they see.

    Args:
        devices: Names of the visible devices, at least one. A name stands for one piece of hardware in all processes,
            whatever CUDA_VISIBLE_DEVICES is in each.
        environment: The process's environment variables.
        folder: Where the lock files are; None is a folder of this user on this machine.

    Raises:
        PlasticityError: If no slot becomes free in time, or the settings or the folder cannot be used.
    """
    sharing = sharing_of(environment)
    if len(devices) == 1 and "SLURM_JOB_ID" in environment and JOBS_PER_GPU not in environment:
        return Lease(0, 0, None)
    return take_lease(devices, lock_folder() if folder is None else folder, sharing)


def take_lease(devices: Sequence[str], folder: Path, sharing: Sharing) -> Lease:
    """Wait for a free slot and take it; the first slots of all devices are taken before the second ones.

    Raises:
        PlasticityError: If none becomes free in time.
    """
    start, warned = time.monotonic(), False
    slots = f"{sharing.jobs_per_gpu} job slot(s) on each of {len(devices)} GPU(s)"
    while (lease := _free(devices, folder, sharing.jobs_per_gpu)) is None:
        if time.monotonic() - start >= sharing.wait_minutes * 60:
            expected = f"one of {slots} to become free within {sharing.wait_minutes:g} minutes"
            raise PlasticityError(f"GPU: expected {expected}, got none; see `--resources gpu=N` and {JOBS_PER_GPU}")
        if not warned:
            logger.info("all GPUs are busy (%s); waiting for a slot", slots)
            warned = True
        time.sleep(_SECONDS_BETWEEN_TRIES)
    logger.info("leased slot %d of %d of GPU %s", lease.slot + 1, sharing.jobs_per_gpu, devices[lease.position])
    return lease


def lock_folder() -> Path:
    """Return the folder of this user's lock files, for all runs on this machine; it is made if it is not there.

    Raises:
        PlasticityError: If something else is in its place, or another user's folder.
    """
    user = getattr(os, "getuid", lambda: 0)()  # Windows has one temporary folder per user
    folder = Path(tempfile.gettempdir()) / f"plasticity-gpus-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise PlasticityError(f"{folder}: expected a folder for lock files, got: {error.strerror}") from None
    if folder.is_symlink() or folder.stat().st_uid != user:
        raise PlasticityError(f"{folder}: expected a folder of your own for lock files, got a link or another user's")
    return folder


def _free(devices: Sequence[str], folder: Path, slots: int) -> Lease | None:
    for slot in range(slots):
        for position, device in enumerate(devices):
            name = re.sub(r"[^\w.-]", "_", device)
            lock = FileLock(folder / f"{name}.slot{slot}.lock", timeout=0, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                continue
            return Lease(position, slot, lock)
    return None
