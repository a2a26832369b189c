"""What a device does at best, measured in the run at hand, and what a training step asks of it."""

import time
from collections.abc import Callable
from typing import Any

import torch
from common import MATRIX, REPEATS, cpu_seconds, seconds
from torch import Tensor
from torch.profiler import profile, supported_activities
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from plasticity.training.step import TrainingStep

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
COPIED = 2**28  # bytes: far more than any cache holds


class Traffic(TorchDispatchMode):
    """Counts the bytes of all tensors that operations read and write; views and allocations move nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the operation and add what it moves."""
        out = func(*args, **(kwargs or {}))
        if not func.is_view and "empty" not in str(func):
            leaves = [*tree_leaves((args, kwargs)), *tree_leaves(out)]
            self.bytes += sum(leaf.nbytes for leaf in leaves if isinstance(leaf, Tensor))
        return out


def step_flops(step: TrainingStep, rows: Tensor) -> float:
    """Return the floating-point operations of a step's convolutions and products, a multiply-add being two."""
    with FlopCounterMode(display=False) as counter:
        step(rows)
    return counter.get_total_flops()


def shares(step: TrainingStep, rows: Tensor, most: int = 6) -> dict[str, float]:
    """Return the operations that a step spends most of its time in, with their shares of it."""
    step(rows)
    with profile(activities=supported_activities()):  # the profiler's own first steps are no measure
        step(rows)
    with profile(activities=supported_activities()) as found:
        for _ in range(3):
            step(rows)
    cuda = rows.device.type == "cuda"
    times = {e.key: e.self_device_time_total if cuda else e.self_cpu_time_total for e in found.key_averages()}
    longest = sorted(times, key=lambda name: -times[name])[:most]
    return {name.removeprefix("aten::"): times[name] / sum(times.values()) for name in longest}


def clock_of(device: torch.device) -> Callable[[], float]:
    """Return the clock of a benchmark: on a CPU thread its own, which other work on the machine does not stop."""
    return cpu_seconds if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter


def ceilings(model: dict[str, Any], device: torch.device) -> dict[str, float]:
    """Return FLOP/s of a large product and of a large convolution in both types, and bytes per second of a copy."""
    channels = 4 * model.get("width", 16)  # of the third of four stages
    found = {}
    for name, dtype in TYPES.items():
        left, right = (torch.ones(MATRIX, MATRIX, device=device, dtype=dtype) for _ in range(2))
        found[f"product, {name}"] = 2 * MATRIX**3 / _best(lambda a=left, b=right: torch.mm(a, b), device)
        images = torch.ones(64, channels, 16, 16, device=device, dtype=dtype)
        images = images.contiguous(memory_format=torch.channels_last)
        kernel = torch.ones(channels, channels, 3, 3, device=device, dtype=dtype)
        work = 2 * 9 * images.numel() * channels
        taken = _best(lambda a=images, b=kernel: torch.conv2d(a, b, padding=1), device)
        found[f"convolution, {name}"] = work / taken
    source = torch.zeros(COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    found["copy"] = 2 * COPIED / _best(lambda: target.copy_(source), device)
    return found


def _best(work: Any, device: torch.device) -> float:
    def waited() -> None:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    waited()
    return seconds(waited, REPEATS, clock_of(device))
