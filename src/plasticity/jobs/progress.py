"""Progress of a long stage: every epoch in its log, and on the terminal when one is attached."""

import logging
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 5.0


@dataclass
class Progress:
    """Shows the epochs of one training, or the tasks of a longer one.

    Attributes:
        title: What is trained.
        epochs: The most epochs it may take.
        unit: What is counted.
        score: What says how well it goes.
        things: What the speed is of.
    """

    title: str
    epochs: int
    unit: str = "epoch"
    score: str = "accuracy"
    things: str = "images"
    _start: float = field(default_factory=time.monotonic)
    _first: int | None = None
    _last_line: float = 0.0

    def show(self, epoch: int, accuracy: float, images_per_second: float) -> None:
        """Log the epoch; on a terminal, print a line at most every few seconds, so that parallel jobs stay legible."""
        line = self._line(epoch, accuracy, images_per_second)
        logger.info("%s", line)
        now = time.monotonic()
        if sys.stderr.isatty() and (now - self._last_line > _SECONDS_BETWEEN_LINES or epoch == self.epochs):
            print(line, file=sys.stderr, flush=True)
            self._last_line = now

    def _line(self, epoch: int, accuracy: float, images_per_second: float) -> str:
        if self._first is None:  # a resumed run has done its earlier epochs in another process
            self._first = epoch - 1
        pace = (time.monotonic() - self._start) / (epoch - self._first)
        left = timedelta(seconds=round(pace * (self.epochs - epoch)))
        return (
            f"{self.title}: {self.unit} {epoch}/{self.epochs}, {self.score} {accuracy:.3f}, "
            f"{images_per_second:,.0f} {self.things}/s, at most {left} left"
        )
