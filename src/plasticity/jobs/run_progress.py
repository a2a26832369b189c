"""Progress of a whole run of Snakemake: in its own line on the terminal, and in a file for whoever asks.

Snakemake logs an event for every job that begins or ends. They are counted in its main process, where they are logged,
so that local jobs and those of a cluster are counted alike. Beside a run, from any terminal:

    python -m plasticity.jobs.run_progress
"""

import csv
import json
import logging
import re
import socket
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil

from plasticity.errors import PlasticityError
from plasticity.jobs.time_left import RunState
from plasticity.storage.files import atomic_path, read_json

FILE = Path(".snakemake/progress.json")

_WILDCARD = re.compile(r"{[^{}]*}")
_SAME = 5.0  # seconds by which readings of a process's start may differ


class RunProgress(logging.Handler):
    """Counts the jobs of a run by Snakemake's events, and writes after each where the run is.

    Args:
        benchmarks: Gives, once all rules are known, the path of each rule's benchmark file, with wildcards.
        file: What is written.
    """

    def __init__(self, benchmarks: Callable[[], Mapping[str, str]], file: Path = FILE) -> None:
        super().__init__()
        self._benchmarks, self._file = benchmarks, file.absolute()
        self._total, self._done, self._at_once = 0, 0, 1
        self._left: Counter[str] = Counter()  # jobs by rule, without those that only name targets
        self._running: dict[int, tuple[str, float]] = {}
        self._took: defaultdict[str, list[float]] = defaultdict(list)
        self._earlier: dict[str, float] = {}
        self._counting = {
            "run_info": self._plan,
            "job_info": self._begin,
            "job_finished": self._finish,
            "job_error": self._fail,
        }

    @property
    def state(self) -> RunState:
        """Where the run is."""
        running = tuple(self._running.values())
        return RunState(
            total=self._total,
            done=self._done,
            waiting=dict(+(self._left - Counter(rule for rule, _ in running))),
            running=running,
            seconds=self._earlier | {rule: fmean(took) for rule, took in self._took.items()},
            at_once=self._at_once,
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Count an event; what goes wrong here is reported and does not end the run."""
        try:
            if count := self._counting.get(_event(record)):
                count(record)
                self._write(ended=False)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Write that the run has ended, well or not."""
        if self._total:
            self._write(ended=True)
        super().close()

    def _plan(self, record: Any) -> None:
        files = self._benchmarks()
        self._total = record.stats["total"]
        self._left = Counter({rule: jobs for rule, jobs in record.stats.items() if rule in files})
        earlier = {rule: list(_seconds_in(files[rule])) for rule in self._left}
        self._earlier = {rule: fmean(seconds) for rule, seconds in earlier.items() if seconds}

    def _begin(self, record: Any) -> None:
        if record.rule_name in self._left:
            self._running[record.jobid] = record.rule_name, time.time()
            self._at_once = max(self._at_once, len(self._running))

    def _finish(self, record: Any) -> None:
        self._done += 1
        if record.job_id in self._running:
            rule, begun = self._running.pop(record.job_id)
            self._left[rule] -= 1
            self._took[rule].append(time.time() - begun)

    def _fail(self, record: Any) -> None:
        self._running.pop(record.jobid, None)  # it is tried again, or remains to be done

    def _write(self, *, ended: bool) -> None:
        content = {"ended": ended, "process": _process(), "state": asdict(self.state)}
        with atomic_path(self._file, flush=False) as temporary:
            temporary.write_text(json.dumps(content), encoding="utf-8")


class _WithTimeLeft(logging.Formatter):
    """Snakemake's formatter, whose line of progress says more."""

    def __init__(self, snakemake: logging.Formatter, progress: RunProgress) -> None:
        super().__init__()
        self._snakemake, self._progress = snakemake, progress

    def format(self, record: logging.LogRecord) -> str:
        if _event(record) == "progress":
            return self._progress.state.line(time.time())
        return self._snakemake.format(record)


def follow_run(snakemake: logging.Logger, benchmarks: Callable[[], Mapping[str, str]], *, terse: bool) -> None:
    """Follow the run that begins, once.

    Args:
        snakemake: Snakemake's logger, with its handlers.
        benchmarks: As in `RunProgress`.
        terse: The line alone, without what Snakemake says of choosing, starting and ending jobs by their numbers.
    """
    if any(isinstance(handler, RunProgress) for handler in snakemake.handlers):
        return
    progress = RunProgress(benchmarks)
    for handler in snakemake.handlers:
        if (handler.name or "").startswith("Default") and handler.formatter:  # a plugin's has a display of its own
            handler.setFormatter(_WithTimeLeft(handler.formatter, progress))
            if terse:
                handler.addFilter(_says_more)
    snakemake.addHandler(progress)


def progress_of(file: Path = FILE) -> str:
    """Return where the run is that writes a file, or where it ended.

    Raises:
        PlasticityError: If no run has begun in this folder.
    """
    if not file.exists():
        raise PlasticityError(f"{file}: expected the progress of a run, got no file; has one begun in this folder?")
    content = read_json(file)
    state = content["state"]
    found = RunState(**{**state, "running": tuple((rule, begun) for rule, begun in state["running"])})
    if content["ended"] or not _is_alive(content["process"]):
        return found.line(time.time(), ended=True)
    return "; ".join(filter(None, (found.line(time.time()), found.at_work())))


def _says_more(record: logging.LogRecord) -> bool:
    return _event(record) not in {"job_started", "job_finished"} and record.msg != "Select jobs to execute..."


def _event(record: logging.LogRecord) -> str:
    """Return the name of Snakemake's event; of other messages nothing."""
    return str(getattr(record, "event", None) or "")


def _seconds_in(benchmarks: str) -> Iterator[float]:
    """Yield the durations that benchmark files say, those of one path with wildcards."""
    for path in Path().glob(_WILDCARD.sub("*", benchmarks)):
        # A damaged file tells nothing.
        with path.open(encoding="utf-8", newline="") as file, suppress(KeyError, ValueError):
            yield from [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]


def _process() -> dict[str, Any]:
    own = psutil.Process()
    return {"host": socket.gethostname(), "pid": own.pid, "created": own.create_time()}


def _is_alive(process: Mapping[str, Any]) -> bool:
    """Say whether a run's process exists; of another host's, nobody here knows better."""
    if process["host"] != socket.gethostname():
        return True
    try:
        created = psutil.Process(process["pid"]).create_time()
    except psutil.NoSuchProcess:
        return False
    return abs(created - process["created"]) < _SAME


def main() -> int:
    """Print the progress of the run in this folder; return the exit status."""
    try:
        print(progress_of())
    except PlasticityError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
