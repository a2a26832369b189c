"""Values as categories: a number lies between two neighbouring bins and is shared between them.

Lyle et al. (2023), appendix A.2, after Schrittwieser et al. (2020): the network gives logits over bins, and learns by
cross-entropy in place of a squared error.
"""

import torch
from torch import Tensor


def two_hot(values: Tensor, bins: Tensor) -> Tensor:
    """Return the weights (..., K) on the two bins around each value (...), whose mean is the value.

    Args:
        values: Any numbers; those outside the bins count as the outermost bin.
        bins: K >= 2 ascending, evenly spaced numbers.
    """
    place = ((values - bins[0]) / (bins[1] - bins[0])).clamp(0, len(bins) - 1)
    distance = place[..., None] - torch.arange(len(bins), dtype=values.dtype, device=values.device)
    return (1 - distance.abs()).clamp(min=0)


def expected_value(logits: Tensor, bins: Tensor) -> Tensor:
    """Return the mean (...) of the distributions over bins that logits (..., K) give."""
    return logits.softmax(-1) @ bins
