"""Training curves while they are made, for TensorBoard; off unless an environment variable names a folder for them.

A fact of the machine and of the moment, and so no part of the configuration: what watches a training makes no result
stale. Each training has a folder, named after its job's log; a training that continues goes on in it, and what an
earlier process wrote of the same steps is hidden.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from plasticity.errors import PlasticityError

FOLDER = "PLASTICITY_TENSORBOARD"
"""Environment variable with the folder; jobs inherit it."""

_SECONDS_BETWEEN_WRITES = 5
_job: ContextVar[Path] = ContextVar("job", default=Path())


class LiveCurves:
    """Curves of trainings, until the end of a block; drawn nowhere while the environment variable is not set."""

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER)
        self._writers: dict[str, Any] = {}

    def add(self, title: str, step: int, **values: float | None) -> None:
        """Continue the curves of one training by one point each.

        Args:
            title: What is trained.
            step: Epoch or task, counted from 1; later than those before it.
            **values: Curve -> its value; None where there is none.
        """
        if not self._folder:
            return
        if title not in self._writers:
            folder = Path(self._folder) / _job.get() / re.sub(r"[^\w.-]+", "_", title)
            self._writers[title] = _open_writer(folder, step)
        for name, value in values.items():
            if value is not None:
                self._writers[title].add_scalar(name, value, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


@contextmanager
def curves_beside(log: Path) -> Iterator[None]:
    """Name the curves of a block's trainings after the log of their job."""
    token = _job.set(Path(*(part for part in log.with_suffix("").parts if part not in {"logs", log.anchor})))
    try:
        yield
    finally:
        _job.reset(token)


def refuse_missing_tensorboard() -> None:
    """Refuse to draw curves without the package.

    Raises:
        PlasticityError: If curves are wanted and it is not installed.
    """
    if os.environ.get(FOLDER) and find_spec("tensorboard") is None:
        install = "pip install --editable '.[tensorboard]'"
        raise PlasticityError(f"{FOLDER}: expected the package tensorboard, got none; install it by {install}")


def _open_writer(folder: Path, step: int) -> Any:
    """Return the writer of a folder, whose earlier points from this step on are hidden."""
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - seconds, and only for those who want curves

    return SummaryWriter(str(folder), purge_step=step, flush_secs=_SECONDS_BETWEEN_WRITES)
