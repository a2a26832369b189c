import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from plasticity.errors import PlasticityError
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


def crelu(x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x.clamp(min=0), -x.clamp(max=0)], 1)


FUNCTIONS = [
    ("relu", torch.relu),
    ("tanh", torch.tanh),
    ("leaky_relu", lambda x: torch.where(x > 0, x, 0.01 * x)),
    ("gelu", lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2),
    ("crelu", crelu),
]


@pytest.mark.parametrize(("activation", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
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


GAINS = {"relu": 2**0.5, "tanh": 5 / 3, "leaky_relu": math.sqrt(2 / 1.0001), "gelu": 2**0.5, "crelu": 2**0.5}


@pytest.mark.parametrize(("activation", "gain"), GAINS.items(), ids=GAINS)
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


def test_layer_normalisation_stands_before_the_nonlinearity() -> None:
    model = build(hidden=[20, 10], layer_norm=True)
    images = torch.randn(6, 1, 28, 28, generator=generator(1))
    first, second, _ = linears(model)
    x = images.reshape(6, 784)
    for module in (first, second):
        x = module(x)
        x = ((x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + 1e-5).sqrt()).relu()
    torch.testing.assert_close(model.features(images), x)
    assert len(model.hidden_layers()) == 2


def test_an_odd_width_has_no_halves() -> None:
    with pytest.raises(PlasticityError, match=r"expected even numbers of hidden units with crelu, got 7"):
        build(hidden=[8, 7], activation="crelu")


@pytest.mark.parametrize("initialisation", ["kaiming", "lecun", "pytorch"])
def test_units_are_drawn_as_they_say(initialisation: str) -> None:
    model = build(hidden=[300, 200], activation="tanh", initialisation=initialisation, layer_norm=True)
    layers, weights = dict(model.named_modules()), model.state_dict()
    found = model.units()
    assert [(unit.incoming, unit.outgoing) for unit in found] == [("body.1", "body.4"), ("body.4", "head")]
    for unit in found:
        for layer, bound in ((unit.incoming, unit.bound), (unit.outgoing, unit.outgoing_bound)):
            assert 0.99 * bound < float(weights[f"{layer}.weight"].abs().max()) <= bound
        assert 0.9 * unit.bias_bound <= float(weights[f"{unit.incoming}.bias"].abs().max()) <= unit.bias_bound
        assert isinstance(layers[unit.norm or ""], nn.LayerNorm)


def test_two_outputs_of_a_unit_are_no_unit() -> None:
    assert not build(activation="crelu").units()
