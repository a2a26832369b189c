"""Counts of studies by kind of verdict or interval."""

from dataclasses import dataclass, field

import numpy as np

INTERVAL = "interval: "
"""How the name of a kind of interval begins."""


@dataclass
class Tally:
    """Counts by kind: studies, those that decide, those that decide wrongly; for intervals, all and those that miss."""

    counts: dict[str, list[int]] = field(default_factory=dict)

    def add(self, kind: str, *, decided: bool, wrong: bool) -> None:
        """Count one study."""
        self._add(kind, 1, int(decided), int(wrong))

    def say(self, kind: str, said: int, truth: int) -> None:
        """Count one study that says a sign, or 0 for nothing; any other sign than the truth's is wrong."""
        self.add(kind, decided=said != 0, wrong=said not in (0, truth))

    def intervals(self, kind: str, ends: np.ndarray, truth: float) -> None:
        """Count intervals, low and high ends of shape (2, B), that do not hold the truth; NaN is no interval."""
        low, high = ends[:, np.isfinite(ends).all(axis=0)]
        missed = int(((truth < low) | (truth > high)).sum())
        self._add(f"{INTERVAL}{kind}", low.size, low.size, missed)

    def decided(self, kind: str) -> float:
        """Return the share that decides."""
        return self.counts[kind][1] / self.counts[kind][0]

    def wrong(self, kind: str) -> float:
        """Return the share that decides wrongly, or that does not hold the truth; NaN if there is none."""
        return self.counts[kind][2] / self.counts[kind][0] if self.counts[kind][0] else np.nan

    def _add(self, kind: str, number: int, decided: int, wrong: int) -> None:
        found = self.counts.setdefault(kind, [0, 0, 0])
        for place, count in enumerate((number, decided, wrong)):
            found[place] += count
