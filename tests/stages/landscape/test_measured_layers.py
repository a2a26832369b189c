"""What is measured of every hidden layer, beside formulas on outputs that are computed one by one."""

import math

import numpy as np
import pytest
import torch

from plasticity.config.component import Chosen
from plasticity.config.landscape_section import MeasureLandscape
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.subject import Subject

SHAPE = (1, 12, 12)
CONVNET = {"name": "convnet_lyle", "channels": [3, 4], "hidden": [6, 5]}
NAMES = ("effective_rank", "stable_rank", "approximate_rank", "dead_units", "weight_norm")


def built(model: dict) -> Classifier:
    return build_model(Chosen(**model), SHAPE, 3, torch_generator(1, "tests"))


def measured(model: Classifier, images: torch.Tensor, hidden: int) -> dict[str, float]:
    settings = MeasureLandscape.of({"layers": {"images": len(images), "hidden": hidden}})
    ((_, measure),) = Measures(settings)._measures.items()
    subject = Subject(model, images, torch.zeros(len(images), dtype=torch.int64), 0, "tests", 0, lambda *_: model)
    found = measure.values(subject)
    assert list(found) == [column.name for column in landscape_columns(settings)]
    return {name: value for name, value in found.items() if isinstance(value, float)}


def expected(outputs: np.ndarray, weight: np.ndarray) -> list[float]:
    singular = np.linalg.svd(outputs.reshape(len(outputs), -1), compute_uv=False)
    singular = singular[singular > 1e-9 * singular[0]]
    share, mass = singular / singular.sum(), np.cumsum(singular**2) / np.sum(singular**2)
    units = np.moveaxis(outputs, 1, -1).reshape(-1, outputs.shape[1])
    ranks = [np.exp(-(share * np.log(share)).sum()), (singular**2).sum() / singular[0] ** 2, 1 + (mass < 0.99).sum()]
    return [*ranks, float((units == 0).all(0).mean()), float(np.linalg.norm(weight))]


@pytest.mark.parametrize("model", [{"name": "mlp", "hidden": [9, 7]}, CONVNET], ids=lambda model: model["name"])
def test_every_hidden_layer_is_measured_as_by_hand(model: dict) -> None:
    made, images = built(model).double(), torch.rand(11, *SHAPE, generator=torch_generator(2, "tests")).double()
    with torch.no_grad():
        list(made.parameters())[1][:2] = -100  # two units that are dead
    linear = [m for m in made.body.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    features, outputs = images, []
    with torch.no_grad():
        for module in linear:
            features = module(features if isinstance(module, torch.nn.Conv2d) else features.flatten(1)).relu()
            outputs.append(features.numpy())
    found = measured(made, images, hidden=len(linear) + 1)
    for place, (output, module) in enumerate(zip(outputs, linear, strict=True), 1):
        values = [found[f"{name}_layer_{place}"] for name in NAMES]
        assert values == pytest.approx(expected(output, module.weight.detach().numpy()), rel=1e-6)
    assert found["dead_units_layer_1"] >= 2 / len(outputs[0][0])
    assert all(math.isnan(found[f"{name}_layer_{len(linear) + 1}"]) for name in NAMES)


def test_layers_of_several_weight_matrices_have_no_norm_of_their_own() -> None:
    model = built({"name": "resnet18", "width": 2})
    found = measured(model, torch.rand(6, *SHAPE), hidden=1)
    assert math.isnan(found["weight_norm_layer_1"])
    assert found["effective_rank_layer_1"] > 1
    assert model.training
