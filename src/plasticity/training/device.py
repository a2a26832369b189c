"""The device a stage computes on, and the switches that make it exact."""

import logging
import os

import torch
from torch import nn

logger = logging.getLogger(__name__)


def prepare_device(threads: int) -> torch.device:
    """Choose CUDA when there is one, set the CPU threads, and ask for deterministic, full-precision arithmetic.

    The number of threads is part of what makes CPU results reproducible to the bit, hence it comes from the rule and
    not from the machine.

    Args:
        threads: CPU threads of this job.
    """
    torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    logger.info("device: %s", describe_device(device))
    return device


def place(model: nn.Module, device: torch.device) -> None:
    """Move a network to the device in channels-last layout, the faster one for convolutions on CPU and GPU."""
    model.to(device)
    model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def describe_device(device: torch.device) -> str:
    """Name the device as it goes into the provenance of a table."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} thread(s)"
