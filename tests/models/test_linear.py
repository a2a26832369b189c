"""Logistic regression: its logits, its draw, and its features."""

import torch

from plasticity.config.component import Chosen
from plasticity.models.model_registry import build_model


def test_it_is_one_linear_layer_on_the_pixels() -> None:
    model = build_model(Chosen(name="logistic_regression"), (3, 4, 5), 7, torch.Generator().manual_seed(0))
    images = torch.rand(2, 3, 4, 5)
    assert [tuple(value.shape) for value in model.parameters()] == [(7, 60), (7,)]
    assert torch.equal(model.features(images), images.flatten(1))
    assert torch.equal(model(images), images.flatten(1) @ model.head.weight.T + model.head.bias)
    bound = 60**-0.5
    assert all(value.abs().max() <= bound and value.std() > bound / 4 for value in model.parameters())
