"""One log file per job, uncaught exceptions included, and one clear line on the terminal."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from plasticity.config.own_code import place_in_own_code
from plasticity.errors import PlasticityError
from plasticity.jobs.stopping import is_job, stoppable
from plasticity.jobs.usage import usage_beside

logger = logging.getLogger("plasticity")

_ALLOCATOR = "DefaultCPUAllocator"


@contextmanager
def log_to(path: str | Path) -> Iterator[logging.Logger]:
    """Send this package's messages to the file `path` while a stage runs; what the job took is written beside it.

    A `PlasticityError`, a lack of memory and an exception in the user's own code become one line on standard error, and
    exit status 1; the log has the traceback of the last. Any other exception keeps its traceback in both.

    Raises:
        SystemExit: With status 1, after a `PlasticityError`, when memory has run out or the user's own code has failed.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with stoppable(), usage_beside(path):
            yield logger
    except PlasticityError as error:
        _tell(str(error))
        raise SystemExit(1) from None
    except Exception as error:
        if _is_out_of_memory(error):
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            _tell(f"out of memory: give the job more memory or use smaller batches ({reason})")
            raise SystemExit(1) from None
        if where := place_in_own_code(_calls_within(error)):
            _tell(f"{where}: {type(error).__name__}: {error}".splitlines()[0], error)
            raise SystemExit(1) from None
        logger.exception("this is a bug in plasticity, please report it")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
        # Else Python searches all of PyTorch for garbage before it ends, a second of every job. Triton, loaded with
        # torchvision, would report on standard error what is not collected.
        if is_job() and "triton" not in sys.modules:
            gc.freeze()


def _calls_within(error: Exception) -> TracebackType | None:
    """Return the calls that led to an exception, from those of the stage on: not this module's, nor its caller's."""
    here = error.__traceback__
    return here and here.tb_next and here.tb_next.tb_next


def _tell(line: str, error: Exception | None = None) -> None:
    logger.error("%s", line, exc_info=error)
    print(f"plasticity: {line}", file=sys.stderr)


def _is_out_of_memory(error: Exception) -> bool:
    """Say so without importing torch, whose CPU allocator reports it as a plain RuntimeError."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or _ALLOCATOR in str(error)
