"""Runs a stage, ends it by a signal at random moments and lets it continue; a process of its own, run by its name.

    python kill_at_random.py <stage> <signal> <kills> <data> <split> <folder>

Every attempt is a fork of this process, which has imported and loaded everything once. What is left in the end is
compared with a run that nothing disturbed. It prints how many attempts ended at work by the signal; what is wrong ends
it with a message and status 1.
"""

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import torch._dynamo  # noqa: F401 - the optimiser would load it in every fork

from plasticity.jobs import unfinished
from plasticity.storage.provenance import commit, versions
from tiny_permuted import SEEDS, Trained, arm, following_settings, train_first
from tiny_study import TinyStudy, warm_up_settings

Stage = Callable[[Path], object]

_SECONDS_TO_END = 10.0


def stage_of(name: str, data: Path, split: Path, folder: Path) -> Stage:
    """Return the stage as a function of its output folder; what it needs is made in `folder`."""
    if name == "warm_up":
        settings = warm_up_settings(epochs=tuple(range(0, 61, 5)))
        return lambda to: TinyStudy(data, split).warm_up(to, settings)
    first = folder / "first"
    files = train_first(data, first)
    arms = following_settings(arm("continual", tasks=12), arm("twice", tasks=10, following={"epochs": 2}))
    return lambda to: Trained(data, {"plain": files}).follow(to / "tasks.parquet", arms, seeds=SEEDS)


def attempt(stage: Stage, to: Path) -> int:
    """Start the stage in a fork; return its process's number."""
    if child := os.fork():
        return child
    try:
        stage(to)
        os._exit(0)
    except SystemExit as end:
        os._exit(int(end.code or 0))
    except BaseException:
        traceback.print_exc()
        os._exit(70)


def finish(child: int, what: str) -> None:
    """Wait for an attempt that has to end well."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        sys.exit(f"{what}: expected it to end well, got status {code}")


def everything(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def compare(whole: dict[str, bytes], cut: Path) -> None:
    """Compare byte by byte. SIGKILL in the middle of a write may leave a file under a temporary name beside outputs."""
    found = {name: content for name, content in everything(cut).items() if "/" in name or not name.endswith(".part")}
    differing = sorted(name for name in whole.keys() | found.keys() if whole.get(name) != found.get(name))
    if differing:
        sys.exit(f"expected the bytes of the undisturbed run, got others in {differing}")


def disturb(stage: Stage, number: int, kills: int, folder: Path) -> int:
    """Kill and continue until `kills` attempts have ended at work; return how many runs were finished in between."""
    start, finished, cut = time.monotonic(), 0, folder / "cut"
    finish(attempt(stage, folder / "whole"), "the undisturbed run")
    seconds, whole, moments = time.monotonic() - start, everything(folder / "whole"), random.Random(f"{folder.name}")
    while kills:
        child = attempt(stage, cut)
        time.sleep(moments.uniform(0, seconds))
        told = time.monotonic()
        os.kill(child, number)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code in {-number, 128 + number}:
            kills -= 1
            check_end(number, time.monotonic() - told, cut)
        elif code == 0:
            finished += 1
            compare(whole, cut)
            shutil.rmtree(cut)
        else:
            sys.exit(f"expected an attempt to end by the signal or well, got status {code}")
    finish(attempt(stage, cut), "the last run")
    compare(whole, cut)
    return finished


def check_end(number: int, seconds: float, cut: Path) -> None:
    """Who is asked to end may clean up: it leaves no temporary file, and does not take long."""
    if number == signal.SIGKILL:
        return
    left = [name for name in everything(cut) if name.endswith(".part")] if cut.exists() else []
    if left or seconds > _SECONDS_TO_END:
        sys.exit(f"expected an end within {_SECONDS_TO_END:g} s without temporary files, got {seconds:.1f} s, {left}")


if __name__ == "__main__":
    unfinished.SECONDS_BETWEEN_SAVES = 0.02  # often, so that writes are hit as well
    commit()  # asked for once per process: a commit made meanwhile is then no difference
    versions()
    _, name, signal_name, kills, data, split, folder = sys.argv
    work = stage_of(name, Path(data), Path(split), Path(folder))
    runs = disturb(work, signal.Signals[signal_name], int(kills), Path(folder))
    print(f"{kills} attempts ended by {signal_name}, {runs} runs finished in between")
