"""How far a whole run is and when it will end: jobs done, running and left, and how long jobs of their rules take."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import geometric_mean

_SHORTEST = 0.1  # seconds that a job counts at least
_SECONDS_UP_TO, _MINUTES_UP_TO, _HOURS_UP_TO = 90, 90, 48


@dataclass(frozen=True, kw_only=True)
class RunState:
    """Where a run of Snakemake is.

    Attributes:
        total: Jobs of the run.
        done: Those that have ended well.
        waiting: Rule -> how many of its jobs have not begun.
        running: Rule and beginning, in seconds since 1970, of each job at work. On a cluster a job begins when it is
            submitted.
        seconds: Rule -> mean duration of its jobs; rules that were never measured are absent.
        at_once: The largest number of jobs that have been at work at once.
    """

    total: int = 0
    done: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    running: tuple[tuple[str, float], ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    at_once: int = 1

    @property
    def unmeasured(self) -> set[str]:
        """Rules that still have work and were never measured."""
        return {*self.waiting, *(rule for rule, _ in self.running)} - set(self.seconds)

    def seconds_left(self, now: float) -> float | None:
        """Return the time until the end: the work that is left, shared by as many jobs as have run at once.

        No less than the longest job that is left. A rule that was never measured counts as the geometric mean of those
        that were, as durations differ by orders of magnitude, or as its longest job at work has taken so far; without
        any measured rule, None.
        """
        if not self.seconds:
            return None
        usual = geometric_mean(max(taken, _SHORTEST) for taken in self.seconds.values())
        guessed = dict.fromkeys(self.unmeasured, usual)
        for rule, begun in self.running:
            if rule in guessed:
                guessed[rule] = max(guessed[rule], now - begun)
        taken = {**self.seconds, **guessed}
        rests = [max(taken[rule] - (now - begun), 0.0) for rule, begun in self.running]
        ahead = {rule: taken[rule] for rule in self.waiting}
        work = sum(rests) + sum(ahead[rule] * jobs for rule, jobs in self.waiting.items())
        return max(work / self.at_once, *rests, *ahead.values(), 0.0)

    def line(self, now: float, *, ended: bool = False) -> str:
        """Say it in one line.

        Args:
            now: Seconds since 1970.
            ended: The run itself has ended, whatever is left.
        """
        done = f"{self.done} of {self.total} jobs ({self.done / max(self.total, 1):.0%}) done"
        left = self.total - self.done
        if not left:
            return done
        if ended:
            return f"{done}, {left} left: the run has stopped"
        return f"{done}, {left} left: {self._ending(now)}"

    def at_work(self) -> str:
        """Say which jobs run, such as "running: 2 fine_tune"; nothing if none does."""
        jobs = Counter(rule for rule, _ in self.running)
        return f"running: {', '.join(f'{count} {rule}' for rule, count in jobs.items())}" if jobs else ""

    def _ending(self, now: float) -> str:
        if (left := self.seconds_left(now)) is None:
            return "no job has been measured yet"
        unknown = len(self.unmeasured)
        guess = f" ({unknown} rule{'s' if unknown > 1 else ''} not measured yet, a guess)" if unknown else ""
        return f"about {_duration(left)}, until {_clock(now + left, now)}{guess}"


def _duration(seconds: float) -> str:
    """Return a duration in units that say enough, such as "4 min" or "3 h 10 min"."""
    minutes = round(seconds / 60)
    hours = minutes // 60
    if seconds < _SECONDS_UP_TO:
        return f"{round(seconds)} s"
    if minutes < _MINUTES_UP_TO:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if hours < _HOURS_UP_TO else f"{hours // 24} d {hours % 24} h"


def _clock(moment: float, now: float) -> str:
    """Return the time of day, with the day where that is not today's."""
    then, today = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%a %d %b %H:%M", then)
