"""Networks from outside the package: modules that name their head, with parameters checked against their signature."""

import pytest
import torch
from torch import nn

from foreign_networks import CLASSES, SHAPE, WideNet
from plasticity.config.component import component
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from small_problems import assert_same, generator, state
from typed import chosen


def made(settings: dict, seed: int = 3) -> Classifier:
    return build_model(chosen(settings), SHAPE, CLASSES, generator(seed))


@pytest.mark.parametrize("name", ["WideNet", "OwnWeights"])
def test_weights_are_those_of_the_generator(name: str) -> None:
    before = torch.random.get_rng_state()
    settings = {"name": f"foreign_networks:{name}"}
    one, same, other = made(settings), made(settings), made(settings, 4)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert_same(state(one), state(same))
    assert not torch.equal(one.head.weight, other.head.weight)
    with torch.no_grad():
        for value in one.state_dict().values():
            value.fill_(9)
    one.initialise(generator(3))
    assert_same(state(one), state(same))
    assert {key.split(".")[0] for key in state(one)} == {"body", "head"}


def test_logits_are_the_head_of_the_features_and_those_of_the_module() -> None:
    model = made({"name": "foreign_networks:WideNet", "width": 7}).eval()
    images = torch.randn(4, *SHAPE, generator=generator(1))
    assert model.features(images).shape == (4, 7)
    assert torch.equal(model.head(model.features(images)), model(images))
    theirs = WideNet(CLASSES, 1, width=7).eval()
    names = {key: key.replace("layers.fc", "head") if "fc" in key else f"body.{key}" for key in theirs.state_dict()}
    theirs.load_state_dict({key: state(model)[name] for key, name in names.items()})
    assert torch.equal(theirs(images), model(images))


def test_layers_are_those_that_the_module_names() -> None:
    model = made({"name": "foreign_networks:OwnWeights", "layers": [9]})
    assert [type(layer) for layer in model.hidden_layers()] == [nn.Linear, nn.ReLU]
    assert model.head.in_features == 9


def test_parameters_are_those_of_the_signature() -> None:
    schema = component("model", "foreign_networks:WideNet").model_json_schema()
    assert {key: part["default"] for key, part in schema["properties"].items()} == {"width": 12, "dropout": 0.0}
    assert schema["description"] == "A network of somebody else."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "foreign_networks:WideNet", "width": "wide"}, "model.width: .*integer.*got 'wide'"),
        ({"name": "foreign_networks:WideNet", "depth": 3}, "model.depth: expected a key of .*did you mean 'width'"),
        ({"name": "foreign_networks:Headless"}, "to name its head: an nn.Linear as attribute `head`"),
        ({"name": "foreign_networks:Softmax"}, "the head 'classifier' of .* to be its last layer"),
        ({"name": "foreign_networks:TenClasses"}, "an output for each of 5 classes, got 10 outputs"),
        (
            {"name": "foreign_networks:OfAnotherSize"},
            "finite logits of images of shape .* got RuntimeError: ",
        ),
        ({"name": "foreign_networks:NotFinite"}, "finite logits of images of shape .* got others$"),
        ({"name": "foreign_networks:NeedsAModule"}, "parameter 'block' .* to have a type that a configuration can say"),
        ({"name": "foreign_networks:Nothing"}, "'foreign_networks:Nothing' to be importable"),
        (
            {"name": "foreign_networks:SHAPE"},
            "to be a model component, a subclass of plasticity.models.network.Network",
        ),
    ],
)
def test_what_does_not_serve_is_refused_in_one_line(settings: dict, message: str) -> None:
    with pytest.raises(PlasticityError, match=message) as error:
        made(settings)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("model.")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ForgetsItsHead", "expected initialise to draw every parameter, got head.weight left out"),
        ("NarrowHead", r"expected features of shape \(2, 3\) of two images, got \(2, 7\)"),
        ("NoClassifier", "expected a Classifier, got Linear"),
    ],
)
def test_a_network_of_ones_own_that_breaks_its_contract_is_one_line(name: str, message: str) -> None:
    with pytest.raises(PlasticityError, match=f"^model {name}: {message}$"):
        made({"name": f"foreign_networks:{name}"})
