import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from small_problems import generator
from typed import chosen


def linears(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def build(seed: int = 0, **options: object) -> Classifier:
    return build_model(chosen({"name": "mlp", **options}), (1, 28, 28), 10, generator(seed))


def test_parameter_count_of_the_papers_network() -> None:
    assert sum(p.numel() for p in build().parameters()) == 99_710  # 784-100-100-100-10
    assert [module.out_features for module in linears(build())] == [100, 100, 100, 10]


@pytest.mark.parametrize(("hidden", "shape"), [([5], (1, 4, 4)), ([7, 3], (3, 2, 5))])
def test_sizes_follow_the_options(hidden: list[int], shape: tuple[int, int, int]) -> None:
    model = build_model(chosen({"name": "mlp", "hidden": hidden}), shape, 4, generator(0))
    sizes = [math.prod(shape), *hidden, 4]
    assert [(m.in_features, m.out_features) for m in linears(model)] == list(pairwise(sizes))


@pytest.mark.parametrize(("activation", "function"), [("relu", torch.relu), ("tanh", torch.tanh)])
def test_forward_equals_products_and_nonlinearities(activation: str, function) -> None:
    model = build(hidden=[20, 10], activation=activation)
    images = torch.randn(6, 1, 28, 28, generator=generator(1))
    first, second, head = linears(model)
    for module in (first, second, head):
        nn.init.normal_(module.bias, generator=generator(2))
    x = images.reshape(6, 784)
    x = function(x @ first.weight.T + first.bias)
    x = function(x @ second.weight.T + second.bias)
    torch.testing.assert_close(model.features(images), x)
    torch.testing.assert_close(model(images), x @ head.weight.T + head.bias)


@pytest.mark.parametrize(("activation", "gain"), [("relu", math.sqrt(2)), ("tanh", 5 / 3)])
def test_weights_are_kaiming_uniform_with_the_gain_of_the_activation(activation: str, gain: float) -> None:
    *hidden, head = linears(build(hidden=[400, 300], activation=activation))
    for module, factor in [*((module, gain) for module in hidden), (head, 1.0)]:
        bound = factor * math.sqrt(3 / module.in_features)
        weight = module.weight.detach()
        assert bound * 0.995 < weight.abs().max() <= bound
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
        assert (module.bias == 0).all()


def test_channels_last_images_flatten_in_the_usual_order() -> None:
    model = build_model(chosen({"name": "mlp"}), (3, 4, 5), 10, generator(0))
    images = torch.randn(2, 3, 4, 5, generator=generator(1))
    assert torch.equal(model(images.to(memory_format=torch.channels_last)), model(images))


def test_pytorchs_initialisation_is_that_of_its_linear_layers() -> None:
    settings = {"name": "mlp", "hidden": [300, 200], "activation": "relu", "initialisation": "pytorch"}
    model = build_model(chosen(settings), (1, 10, 10), 5, torch.Generator().manual_seed(0))
    for layer in (module for module in model.modules() if isinstance(module, nn.Linear)):
        bound = layer.in_features**-0.5
        for values in (layer.weight.detach(), layer.bias.detach()):
            assert float(values.abs().max()) <= bound
            assert float(values.abs().max()) > 0.9 * bound or len(values) < 10
        assert float(layer.weight.detach().std()) == pytest.approx(bound / math.sqrt(3), rel=0.05)
