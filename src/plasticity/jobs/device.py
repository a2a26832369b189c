"""The device a stage computes on, and the switches that make it exact."""

import ctypes
import logging
import os
import platform
from collections.abc import Callable
from functools import cache

import torch
from torch import nn

from plasticity.jobs.gpus import Lease, lease_gpu

logger = logging.getLogger(__name__)

_KEPT = 2**30  # bytes; larger blocks than a step allocates at once
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


def prepare_device(threads: int) -> torch.device:
    """Choose CUDA when there is one, set the CPU threads, and ask for deterministic, full-precision arithmetic.

    Of several GPUs the process gets one to itself, or a job slot of one (`plasticity.jobs.gpus`), and keeps it.

    Args:
        threads: CPU threads of this job.
    """
    return _prepared(threads, _choose_device)


def prepare_cpu(threads: int) -> torch.device:
    """Do the same for a stage that computes on the CPU in any case; it takes no GPU from others.

    Args:
        threads: CPU threads of this job.
    """
    return _prepared(threads, lambda: torch.device("cpu"))


def _prepared(threads: int, choose: Callable[[], torch.device]) -> torch.device:
    """Set all switches, then choose.

    The number of threads is part of what makes CPU results reproducible to the bit, hence it comes from the rule and
    not from the machine.
    """
    _keep_freed_memory()
    torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    # The switch of use_deterministic_algorithms, which would import the compiler as well: a second of every start.
    torch.set_deterministic_debug_mode("error")
    # No operation here reads memory that none has written; filling all of it first costs some per cent of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    device = choose()
    logger.info("device: %s", describe_device(device))
    return device


def _keep_freed_memory() -> None:
    """Have glibc keep freed blocks for the next step: otherwise each step gets its pages from the system anew."""
    if platform.libc_ver()[0] == "glibc":
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_MMAP_THRESHOLD, _KEPT)
        allocator.mallopt(_TRIM_THRESHOLD, _KEPT)


def _choose_device() -> torch.device:
    if not torch.cuda.is_available():
        hidden = " (CUDA_VISIBLE_DEVICES is empty)" if os.environ.get("CUDA_VISIBLE_DEVICES") == "" else ""
        logger.info("No GPU found%s; using the CPU", hidden)
        return torch.device("cpu")
    device = torch.device("cuda", _lease().position)
    torch.cuda.set_device(device)  # also for what asks for "cuda" without a number
    return device


@cache
def _lease() -> Lease:
    """Return this process's lease; the cache holds it until the process ends."""
    # The hardware's own number: it is the same in processes that see other devices, or see them in another order.
    properties = [torch.cuda.get_device_properties(position) for position in range(torch.cuda.device_count())]
    names = [str(getattr(found, "uuid", position)) for position, found in enumerate(properties)]
    return lease_gpu(names, os.environ)


def place(model: nn.Module, device: torch.device) -> None:
    """Move a network to the device in channels-last layout, the faster one for convolutions on CPU and GPU."""
    model.to(device)
    model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def describe_device(device: torch.device, arithmetic: str = "float32") -> str:
    """Name the device, and what it multiplies in, as they go into the provenance of a table."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else f"cpu, {torch.get_num_threads()} thread(s)"
    return name if arithmetic == "float32" else f"{name}, {arithmetic}"
