"""What a job of the workflow took: when it ran, how long it needed to start, CPU time and memory, and its GPU's share.

Snakemake's benchmark files see a job from outside and know neither when its work began nor anything of a GPU. The job
writes that itself, into a JSON file beside its log. Nothing of it goes into a table of results.
"""

import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from plasticity.errors import PlasticityError
from plasticity.storage.files import write_json

logger = logging.getLogger(__name__)

RUN = "PLASTICITY_RUN"
"""Environment variable by which a run of Snakemake tells its jobs when it began (seconds since 1970)."""

ENDING = ".usage.json"

_MIB = 2.0**20
_STATUS = Path("/proc/self/status")
_SECONDS_BETWEEN_SAMPLES = 1.0


def name_run() -> None:
    """Note when this process began as the beginning of the run, unless it is itself a job of one."""
    os.environ.setdefault(RUN, repr(_process_start()))


@contextmanager
def usage_beside(log: str | Path) -> Iterator[None]:
    """Measure a block, from the start of its process, and write what it took beside the log when it ends well.

    The last attempt of a job counts: one that was resumed took less than the whole. A record that cannot be written is
    a warning, as the job's work is done.
    """
    ready, ended, busy = time.time(), threading.Event(), []
    threading.Thread(target=_sample_gpu, args=(busy, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
    try:
        write_json(Path(log).with_suffix(ENDING), _usage(ready, busy))
    except PlasticityError as error:
        logger.warning("%s", error)


def _usage(ready: float, busy: list[float]) -> dict[str, Any]:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "run": float(os.environ[RUN]) if RUN in os.environ else None,
        "started": _process_start(),
        "ready": ready,
        "ended": time.time(),
        "cpu_seconds": sum(used.ru_utime + used.ru_stime for used in (own, children)),
        "peak_memory_mib": _peak_memory(),
        "gpu_memory_mib": _gpu_memory(),
        "gpu_utilisation": sum(busy) / len(busy) if busy else None,
    }


def _process_start() -> float:
    """Return when this process started, in seconds since 1970."""
    started = psutil.Process().create_time()
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return started
    # On Linux that is a sum of the time since the machine's start and of the start itself in whole seconds.
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - (started - psutil.boot_time()))


def _peak_memory() -> float:
    """Return the largest resident memory of this process, MiB."""
    if _STATUS.exists():  # getrusage counts what the process was before it became Python, a fork of Snakemake
        (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / _MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


def _gpu() -> Any:
    """Return `torch.cuda` if the job computes on a GPU; a job without torch does not import it for this."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda if cuda is not None and getattr(cuda, "is_initialized", bool)() else None


def _gpu_memory() -> float | None:
    cuda = _gpu()
    return cuda.max_memory_reserved() / _MIB if cuda else None


def _sample_gpu(busy: list[float], ended: threading.Event) -> None:
    """Ask the driver about once a second for how much of the last moment the GPU was busy, all its jobs together."""
    while not ended.wait(_SECONDS_BETWEEN_SAMPLES):
        try:
            if cuda := _gpu():
                busy.append(cuda.utilization(cuda.current_device()) / 100)
        except Exception as error:  # NVML may be absent or refuse; that is no reason for a job to fail
            logger.info("GPU utilisation is not recorded: %s", error)
            return
