"""The device a stage computes on, and the switches that make it exact."""

import logging
import os
from functools import cache

import torch
from torch import nn

from plasticity.training.gpus import Lease, lease_gpu

logger = logging.getLogger(__name__)


def prepare_device(threads: int) -> torch.device:
    """Choose CUDA when there is one, set the CPU threads, and ask for deterministic, full-precision arithmetic.

    Of several GPUs the process gets one to itself, or a job slot of one (`plasticity.training.gpus`), and keeps it.

    The number of threads is part of what makes CPU results reproducible to the bit, hence it comes from the rule and
    not from the machine.

    Args:
        threads: CPU threads of this job.
    """
    torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    # The switch of use_deterministic_algorithms, which would import the compiler as well: a second of every start.
    torch.set_deterministic_debug_mode("error")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    device = _choose_device()
    logger.info("device: %s", describe_device(device))
    return device


def _choose_device() -> torch.device:
    if not torch.cuda.is_available():
        hidden = "CUDA_VISIBLE_DEVICES hides all" if os.environ.get("CUDA_VISIBLE_DEVICES") == "" else "none is visible"
        logger.info("no GPU (%s): computing on the CPU", hidden)
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


def describe_device(device: torch.device) -> str:
    """Name the device as it goes into the provenance of a table."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} thread(s)"
