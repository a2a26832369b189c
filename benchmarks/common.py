"""What benchmarks share: images, timing, what this core could do at best, and tables on the terminal."""

import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.data.store import open_store
from plasticity.seeding import numpy_generator
from plasticity.training.online.pixels import Pixels, pixels_of_images

Name = TypeVar("Name")
MATRIX = 1536  # rows of the square matrices that the peak is measured with
LARGE = 2 * MATRIX**3  # operations of their product
CACHED = 64 * 1024  # floats per array: 256 KiB, together within a core's second-level cache
REPEATS = 5
DENSITY = 0.19  # pixels of MNIST that are not zero


def pixels_of(data: Path | None, count: int = 20_000) -> Pixels:
    """Return the training images of a prepared data set, or without one images that are as dense as MNIST's.

    Those are noisy templates of ten classes, each in one connected part of the picture, as strokes are.
    """
    if data is not None:
        store = open_store(data)
        return pixels_of_images(store.train_images, store.train_labels, store.num_classes)
    random = numpy_generator(0, "benchmark/images")
    labels, templates = random.integers(0, 10, count), random.random((10, 28, 28))
    distances = np.stack([np.linalg.norm(np.indices((28, 28)) - c[:, None, None], axis=0) for c in _centres()])
    inside = distances < np.quantile(distances, DENSITY, axis=(1, 2), keepdims=True)
    noisy = 127 * templates[labels] + 0.5 * random.integers(1, 256, (count, 28, 28))
    return pixels_of_images(np.where(inside[labels], noisy, 0).astype(np.uint8)[..., None], labels, 10)


def _centres() -> NDArray[np.float64]:
    angles = np.arange(10) * 2 * np.pi / 10
    return 13.5 + 6 * np.stack([np.sin(angles), np.cos(angles)], axis=1)


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds(work: Callable[[], Any], repeats: int = 1, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the shortest time that `work` takes; the shortest, because whatever disturbs it makes it longer."""
    found = []
    for _ in range(repeats):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def in_turns(
    works: Mapping[Name, Callable[[], Any]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    *,
    enough: float = 0.0,
) -> dict[Name, float]:
    """Return the shortest time of each work, after a first round that counts for nothing.

    Works take turns, so that whatever disturbs the machine disturbs all of them.

    Args:
        works: What is timed, by name.
        rounds: Rounds that count, at least.
        clock: Of the times; without another one that on the wall.
        enough: Seconds on the wall that rounds are added for: short works are disturbed most.
    """
    found = dict.fromkeys(works, float("inf"))
    started, number = time.perf_counter(), 0
    while number <= rounds or time.perf_counter() - started < enough:
        for name, work in works.items():
            taken = seconds(work, clock=clock)
            found[name] = min(found[name], taken) if number else found[name]
        number += 1
    return found


def cpu_seconds() -> float:
    """Return the seconds of CPU that this process and its finished children have used.

    Of work in one thread that waits for nothing it is the time that it takes on a machine that does nothing else.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def large_product() -> Callable[[], Tensor]:
    """Return what multiplies two large float32 matrices; it takes `LARGE` operations, a multiply-add being two."""
    left, right = (torch.ones(MATRIX, MATRIX) for _ in range(2))
    return lambda: torch.mm(left, right)


def peak_flops() -> float:
    """Return the FLOP/s of one core in a large float32 matrix product."""
    before, product = torch.get_num_threads(), large_product()
    torch.set_num_threads(1)
    product()
    taken = seconds(product, REPEATS)
    torch.set_num_threads(before)
    return LARGE / taken


def copy_bandwidth(floats: int = CACHED) -> float:
    """Return the bytes per second, read and written, of one core that copies an array from its second-level cache."""
    source, target, times = np.ones(floats, np.float32), np.empty(floats, np.float32), 2000

    def copy() -> None:
        for _ in range(times):
            np.copyto(target, source)

    copy()
    return 2 * source.nbytes * times / seconds(copy, REPEATS)


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table, its first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n{title}")
    for position, row in enumerate(cells):
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *rest]))
        if position == 0:
            print("  ".join("-" * width for width in widths))
