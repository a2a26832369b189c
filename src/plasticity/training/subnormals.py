"""Numbers too small to matter, over each of which a CPU takes a hundred times as long."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def subnormals_as_zero() -> Iterator[None]:
    """Count float32 numbers below 1.2e-38 as zero on this thread; also a decorator.

    The means that Adam and momentum keep of vanished gradients fill with such numbers; beside any weight they are
    nothing.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
