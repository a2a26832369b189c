"""Networks from outside the package: modules that name their head, with parameters checked against their signature."""

import pytest
import torch
from torch import Tensor, nn

from plasticity.config.component import component
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from small_problems import assert_same, generator, state

SHAPE, CLASSES = (1, 8, 8), 5


class WideNet(nn.Module):
    """A network of somebody else."""

    head_name = "layers.fc"

    def __init__(self, num_classes: int, in_channels: int = 3, *, width: int = 12, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(
            {
                "conv": nn.Conv2d(in_channels, width, 3),
                "norm": nn.BatchNorm2d(width),
                "fc": nn.Linear(width, num_classes),
            }
        )
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        found = self.layers["norm"](self.layers["conv"](images)).relu().mean((2, 3))
        return self.layers["fc"](self.dropout(found * self.scale))


class OwnWeights(nn.Module):
    def __init__(self, image_shape: tuple[int, int, int], num_classes: int, layers: list[int] | None = None) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(image_shape[1] * image_shape[2], (layers or [6])[0]), nn.ReLU()
        )
        self.head = nn.Linear((layers or [6])[0], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images))

    def hidden_layers(self) -> list[nn.Module]:
        return [self.body[1], self.body[2]]

    def initialise(self, generator: torch.Generator) -> None:
        for value in self.parameters():
            nn.init.normal_(value, generator=generator)


class Headless(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(64, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(images.flatten(1))


class Softmax(Headless):
    head_name = "classifier"

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).log_softmax(1)


class TenClasses(Headless):
    head_name = "classifier"

    def __init__(self) -> None:
        super().__init__(10)


class NeedsAModule(Headless):
    def __init__(self, num_classes: int, block: nn.Module) -> None:
        super().__init__(num_classes)


def made(settings: dict, seed: int = 3) -> Classifier:
    return build_model(settings, SHAPE, CLASSES, generator(seed))


@pytest.mark.parametrize("name", ["WideNet", "OwnWeights"])
def test_weights_are_those_of_the_generator(name: str) -> None:
    before = torch.random.get_rng_state()
    settings = {"name": f"test_foreign:{name}"}
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
    model = made({"name": "test_foreign:WideNet", "width": 7}).eval()
    images = torch.randn(4, *SHAPE, generator=generator(1))
    assert model.features(images).shape == (4, 7)
    assert torch.equal(model.head(model.features(images)), model(images))
    theirs = WideNet(CLASSES, 1, width=7).eval()
    names = {key: key.replace("layers.fc", "head") if "fc" in key else f"body.{key}" for key in theirs.state_dict()}
    theirs.load_state_dict({key: state(model)[name] for key, name in names.items()})
    assert torch.equal(theirs(images), model(images))


def test_layers_are_those_that_the_module_names() -> None:
    model = made({"name": "test_foreign:OwnWeights", "layers": [9]})
    assert [type(layer) for layer in model.hidden_layers()] == [nn.Linear, nn.ReLU]
    assert model.head.in_features == 9


def test_parameters_are_those_of_the_signature() -> None:
    schema = component("model", "test_foreign:WideNet").model_json_schema()
    assert {key: part["default"] for key, part in schema["properties"].items()} == {"width": 12, "dropout": 0.0}
    assert schema["description"] == "A network of somebody else."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "test_foreign:WideNet", "width": "wide"}, "model.width: .*integer.*got 'wide'"),
        ({"name": "test_foreign:WideNet", "depth": 3}, "model.depth: .*got 3"),
        ({"name": "test_foreign:Headless"}, "to name its head: an nn.Linear as attribute `head`"),
        ({"name": "test_foreign:Softmax"}, "the head 'classifier' of .* to be its last layer"),
        ({"name": "test_foreign:TenClasses"}, "an output for each of 5 classes, got 10 outputs"),
        ({"name": "test_foreign:NeedsAModule"}, "parameter 'block' .* to have a type that a configuration can say"),
        ({"name": "test_foreign:Nothing"}, "'test_foreign:Nothing' to be importable"),
        ({"name": "test_foreign:SHAPE"}, "to be a model component, a subclass of plasticity.models.network.Network"),
    ],
)
def test_what_does_not_serve_is_refused_in_one_line(settings: dict, message: str) -> None:
    with pytest.raises(PlasticityError, match=message) as error:
        made(settings)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("model.")
