"""A clean end when a job is told to stop: by Ctrl-C, by a lost terminal, by the cluster that takes its node back."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

logger = logging.getLogger(__name__)

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP")
_SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))  # Windows has no SIGHUP

# Ctrl-C reaches a job from the terminal and once more from Snakemake. What comes within this time is the same request,
# and must not interrupt the saving.
_SECONDS_OF_ONE_REQUEST = 10.0

_SECONDS_BETWEEN_CHECKS = 1.0


class Stopped(BaseException):
    """A signal asked this process to end; it passes every `except Exception`. Whoever catches it saves and raises it.

    Attributes:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def is_job() -> bool:
    """Say whether this process is a script that Snakemake runs: it puts an object of that name there."""
    return hasattr(sys.modules["__main__"], "snakemake")


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals that ask a process to end into `Stopped`, and that into one line and an exit.

    For a block, or as a decorator for a function. Without it SIGTERM ends Python on the spot: files half-written stay,
    and the last epochs are lost. Signals that are ignored, as `nohup` does with SIGHUP, stay ignored; outside the main
    thread, where Python knows no handlers, nothing changes. A job of Snakemake is also told to stop when Snakemake has
    died: it would go on unseen, beside the job that the next run starts for the same files.

    Raises:
        SystemExit: With status 128 + signal, as a shell reports it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = _handler()
    heard = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    ended = threading.Event()
    try:
        if is_job():
            threading.Thread(target=_watch_parent, args=(os.getppid(), ended), daemon=True).start()
        yield
    except Stopped as stopped:
        line = f"stopped by {stopped}: run the same command again to continue from the saved work"
        logger.warning("%s", line)
        with suppress(OSError):  # the terminal may be what was lost
            print(f"plasticity: {line}", file=sys.stderr, flush=True)
        raise SystemExit(128 + stopped.number) from None
    finally:
        ended.set()
        for number, previous in before.items():
            signal.signal(number, previous)


def _handler() -> Callable[[int, FrameType | None], None]:
    last = -_SECONDS_OF_ONE_REQUEST

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_OF_ONE_REQUEST:
            last = now
            raise Stopped(number)

    return stop


def _watch_parent(parent: int, ended: threading.Event) -> None:
    while not ended.wait(_SECONDS_BETWEEN_CHECKS):
        if os.getppid() != parent:
            logger.warning("the process that started this job has died")
            os.kill(os.getpid(), signal.SIGTERM)
            return
