import pytest
import torch
from torch import nn
from torch.nn import functional

from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from small_problems import generator
from typed import chosen


def build(name: str, shape: tuple[int, int, int] = (3, 32, 32), classes: int = 2, **options: object) -> Classifier:
    return build_model(chosen({"name": name, **options}), shape, classes, generator(0))


def test_the_network_of_continual_imagenet_has_as_many_parameters_as_published() -> None:
    assert sum(p.numel() for p in build("convnet_dohare").parameters()) == 177_218


@pytest.mark.parametrize(("name", "pools"), [("convnet_dohare", True), ("convnet_lyle", False)])
def test_it_is_convolutions_then_linear_layers(name: str, pools: bool) -> None:
    model = build(name).double()
    x = images = torch.randn(2, 3, 32, 32, generator=generator(1), dtype=torch.float64)
    layers = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    for layer in layers[:-1]:
        if isinstance(layer, nn.Conv2d):
            x = functional.conv2d(x, layer.weight, layer.bias).relu()
            x = functional.max_pool2d(x, 2) if pools else x
        else:
            x = (x.flatten(1) @ layer.weight.T + layer.bias).relu()
    torch.testing.assert_close(model.features(images), x)
    assert len(model.hidden_layers()) == len(layers) - 1


def test_weights_and_biases_are_pytorchs() -> None:
    for layer in (module for module in build("convnet_dohare").modules() if isinstance(module, nn.Linear | nn.Conv2d)):
        bound = layer.weight[0].numel() ** -0.5
        assert 0.95 * bound < float(layer.weight.detach().abs().max()) <= bound
        assert 0 < float(layer.state_dict()["bias"].abs().max()) <= bound


def test_channels_and_units_are_read_by_the_next_layer() -> None:
    model = build("convnet_dohare", layer_norm=True)
    layers, weights = dict(model.named_modules()), model.state_dict()
    columns = [len(weights[f"{u.outgoing}.weight"][0]) // len(weights[f"{u.incoming}.weight"]) for u in model.units()]
    assert columns == [1, 1, 4, 1, 1]  # 2x2 places are left behind the last convolution
    assert [type(layers[u.norm or ""]) for u in model.units()] == [nn.GroupNorm] * 3 + [nn.LayerNorm] * 2


def test_concatenated_relu_keeps_the_widths() -> None:
    model = build("convnet_lyle", (1, 12, 12), activation="crelu")
    assert model.features(torch.randn(2, 1, 12, 12)).shape == (2, 256)
    assert not model.units()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"model.padding: expected larger images, .* got images of \[8, 8\]"),
        ({"activation": "crelu", "hidden": [7]}, r"expected even numbers .* got 7"),
        ({"channels": [3]}, r"model.channels: .*"),
    ],
)
def test_what_cannot_be_is_refused(options: dict, message: str) -> None:
    with pytest.raises(PlasticityError, match=message):
        build("convnet_dohare", (1, 8, 8), **options)
