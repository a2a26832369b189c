"""One log file per job, uncaught exceptions included, and one clear line on the terminal."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plasticity.errors import PlasticityError

logger = logging.getLogger("plasticity")


@contextmanager
def log_to(path: str | Path) -> Iterator[logging.Logger]:
    """Send this package's messages to the file `path` while a stage runs.

    A `PlasticityError` becomes one line in the log and on standard error, and exit status 1; any other exception
    keeps its traceback in both.

    Raises:
        SystemExit: With status 1, after a `PlasticityError`.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield logger
    except PlasticityError as error:
        logger.error("%s", error)
        print(f"plasticity: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        logger.exception("this is a defect of plasticity, please report it")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
