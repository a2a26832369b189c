"""Curves that are recorded in place of being written for TensorBoard."""

from pathlib import Path

import pytest

from plasticity.jobs import live_curves


class Recorded:
    """What one training would write, in place of torch's writer."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder, self.begun, self.closed = folder, step, False
        self.points: list[tuple[str, int, float]] = []

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Take a point of a curve."""
        self.points.append((name, step, value))

    def close(self) -> None:
        """Take no more."""
        self.closed = True

    def curve(self, name: str) -> dict[int, float]:
        """Return a curve by its steps."""
        return {step: value for which, step, value in self.points if which == name}


def record_curves(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[Recorded]:
    """Ask for curves in a folder; return what is recorded of them from now on."""
    opened: list[Recorded] = []

    def open_writer(path: Path, step: int) -> Recorded:
        opened.append(Recorded(path, step))
        return opened[-1]

    monkeypatch.setenv(live_curves.FOLDER, str(folder))
    monkeypatch.setattr(live_curves, "_open_writer", open_writer)
    return opened
