"""DASH beside the released algorithm, layer by layer and kernel by kernel."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from methods_beside import CONVNET, MLP
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.storage.weights import weights_of
from plasticity.training.interventions.intervention import NetworkState, intervened
from plasticity.training.task_ahead import TaskAhead
from small_problems import RESNET, image_tensors, network
from typed import intervention

IMAGES, BATCH = 24, 8
SETTINGS: dict[str, Any] = {"name": "dash", "least": 0.1, "average": 0.3, "batch_size": BATCH}


def _ahead(model: dict[str, Any], outputs: int | None = None) -> TaskAhead:
    return TaskAhead(network(model, 5), image_tensors(IMAGES), torch.arange(IMAGES), outputs)


def _state(model: dict[str, Any], ahead: TaskAhead | None) -> NetworkState:
    weights = weights_of(network(model, 1))
    return NetworkState(weights, weights, head=["head.weight", "head.bias"], next_task=ahead)


def _moving(model: Classifier) -> dict[str, torch.Tensor]:
    """Moving average of the descent directions over the batches, as in the released code."""
    model.train()
    images, mean = image_tensors(IMAGES), {name: torch.zeros_like(value) for name, value in model.named_parameters()}
    for rows in torch.arange(IMAGES).split(BATCH):
        model.zero_grad()
        inputs, labels = images.batch(rows)
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        for name, value in model.named_parameters():
            assert value.grad is not None
            mean[name] = 0.7 * mean[name] - 0.3 * value.grad
    return mean


@torch.no_grad()
def _reference(model: Classifier, mean: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Shrink the weights into a unit, each kernel, and all biases of a layer by their cosine."""

    def factor(value: torch.Tensor, along: torch.Tensor) -> float:
        return float(torch.cosine_similarity(value.flatten(), along.flatten(), dim=0).clamp(0.1, 1.0))

    for called, layer in model.named_modules():
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            continue
        along = mean[f"{called}.weight"]
        for place in np.ndindex(*layer.weight.shape[: 1 if isinstance(layer, torch.nn.Linear) else 2]):
            layer.weight[place] *= factor(layer.weight[place], along[place])
        if layer.bias is not None:
            layer.bias.mul_(factor(layer.bias, mean[f"{called}.bias"]))
    return weights_of(model)


@pytest.mark.parametrize("model", [MLP, CONVNET, RESNET], ids=["mlp", "convnet", "resnet"])
def test_weights_shrink_as_in_the_released_algorithm(model: dict[str, Any]) -> None:
    state, slow = _state(model, _ahead(model)), network(model, 1)
    after = intervened(intervention(SETTINGS), state)
    mean = _moving(network(model, 1))
    expected = _reference(slow, mean)
    for name, value in after.weights.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-6, err_msg=name)
    assert any(not np.array_equal(value, state.weights[name]) for name, value in after.weights.items())


def test_weights_along_the_descent_stay_and_those_against_it_shrink_most() -> None:
    weights = {"body.0.weight": np.array([[3.0, 4.0], [1.0, 0.0], [2.0, 2.0]], np.float32)}
    gradient = {"body.0.weight": np.array([[-6.0, -8.0], [5.0, 0.0], [0.0, 0.0]], np.float32)}

    class Known:
        def gradients(self, weights: Any, batch_size: int) -> list[dict[str, np.ndarray]]:
            return [gradient, gradient]

    state = NetworkState(weights, weights, head=())
    after = intervened(intervention(SETTINGS), replace(state, next_task=Known()))
    np.testing.assert_allclose(after.weights["body.0.weight"], [[3.0, 4.0], [0.1, 0.0], [0.2, 0.2]], rtol=1e-6)


def test_outputs_that_the_task_has_not_have_no_gradient() -> None:
    ahead = _ahead(MLP, outputs=2)
    ahead = replace(ahead, images=replace(ahead.images, labels=ahead.images.labels % 2))
    for gradient in ahead.gradients(weights_of(network(MLP, 1)), BATCH):
        assert gradient["head.weight"][:2].any()
        assert not gradient["head.weight"][2:].any()


def test_without_a_next_task_it_is_one_line() -> None:
    with pytest.raises(PlasticityError, match=r"^reads_next_task: expected true in an intervention that reads it"):
        intervention(SETTINGS)(_state(MLP, None))
