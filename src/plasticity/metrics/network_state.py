"""The mode of a network while it is measured, and the parameters that it learns by."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Evaluate in eval mode, which makes the images independent, and put every module's mode back."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def in_plain_attention() -> AbstractContextManager[object]:
    """Compute attention by its plain formula: the fused kernels cannot be differentiated twice, or for many at once."""
    return sdpa_kernel(SDPBackend.MATH)


def trained_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that have gradients, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def parameter_count(model: nn.Module) -> int:
    """Return how many numbers the network learns by, the rows of its Hessian."""
    return sum(parameter.numel() for parameter in trained_parameters(model).values())
