"""The usual loop that methods are timed beside: with each method it learns an easy task."""

import pytest
import torch
from usual_methods import USUAL, train

KINDS = [
    "l2_init",
    "the same, replacement_rate 1e-4",
    "the same with weight decay (L2-ER)",
    "perturb",
    "adam",
    "layer norm",
]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_method_learns(name: str) -> None:
    torch.manual_seed(0)
    labels = torch.randint(4, (600,))
    images = torch.eye(4).repeat(1, 2)[labels] + 0.1 * torch.randn(600, 8)
    right = train(USUAL[name], (8, 12, 12, 4), images, labels, batch=2, learning_rate=0.05)
    assert right > 450
