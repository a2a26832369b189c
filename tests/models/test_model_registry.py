import pytest
import torch
from torch import nn

from plasticity.config.component import known
from plasticity.errors import PlasticityError
from plasticity.models.model_registry import build_model
from small_problems import assert_same, generator, state
from typed import chosen

SMALL = {
    "resnet18": {"name": "resnet18", "width": 4},
    "resnet18_narrow": {"name": "resnet18_narrow", "width": 4},
    "mlp": {"name": "mlp"},
    "logistic_regression": {"name": "logistic_regression"},
    "convnet_dohare": {"name": "convnet_dohare", "channels": [4, 6, 8], "hidden": [8], "padding": "same"},
    "convnet_lyle": {"name": "convnet_lyle", "channels": [4, 6], "hidden": [8, 8], "layer_norm": True},
    "vit": {"name": "vit", "width": 12, "heads": 3, "feed_forward": 16},
    "resnet18_imagenet": {"name": "resnet18_imagenet"},
    "resnet50_imagenet": {"name": "resnet50_imagenet"},
    "densenet201": {"name": "densenet201"},
    "vgg11_bn": {"name": "vgg11_bn"},
}
SHAPES = [(1, 8, 8), (3, 32, 32), (3, 9, 12)]
LARGE = {"resnet50_imagenet", "densenet201", "vgg11_bn"}
"""Up to 129 million weights, behind the padding that resnet18_imagenet has as well: they always see 32 pixels."""
MARKS = {name: [pytest.mark.slow] for name in LARGE}


def test_small_networks_cover_all_there_are() -> None:
    assert SMALL.keys() == known("model").keys()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param(name, shape, marks=MARKS.get(name, []))
        for name in sorted(SMALL)
        for shape in SHAPES
        if name not in LARGE or shape == SHAPES[0]
    ],
    ids=str,
)
def test_every_network_takes_every_image_to_features_and_its_head_to_logits(
    name: str, shape: tuple[int, int, int]
) -> None:
    model = build_model(chosen(SMALL[name]), shape, 7, generator(0))
    images = torch.randn(3, *shape, generator=generator(1))
    logits = model(images)
    assert logits.shape == (3, 7)
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    with torch.no_grad():
        features, logits = model.eval().features(images), model(images)
    assert logits.isfinite().all()
    assert isinstance(model.head, nn.Linear)
    assert features.shape == (3, model.head.in_features)
    assert (features >= 0).all() or name in {"vit", "logistic_regression"}  # behind the last non-linearity
    assert torch.equal(model.head(features), logits)
    torch.testing.assert_close(features @ model.head.weight.T + model.head.bias, logits)


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, [])) for name in sorted(SMALL)])
def test_weights_are_those_of_the_generator_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    one = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(3))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(100)
    other = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(4))
    assert not any(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True) if a.ndim > 1)
    with torch.no_grad():
        for value in other.state_dict().values():
            value.fill_(9)
    other.initialise(generator(3))  # draws everything anew
    assert_same(state(one), state(other))


@pytest.mark.parametrize(("name", "nearest"), [("resnet81", "resnet18"), ("MLP_", None), ("mpl", "mlp")])
def test_unknown_name_is_refused_with_the_nearest(name: str, nearest: str | None) -> None:
    with pytest.raises(PlasticityError) as error:
        build_model(chosen({"name": name}), (1, 8, 8), 5, generator(0))
    text = str(error.value)
    assert text.startswith(f"model.name: expected one of {', '.join(known('model'))}, got ")
    assert repr(name) in text
    assert nearest is None or text.endswith(f"did you mean '{nearest}'?")
    assert "\n" not in text


def test_a_parameter_that_the_network_lacks_is_named() -> None:
    with pytest.raises(PlasticityError, match=r"^model.width: expected a key of mlp .*, got the unknown key .width.$"):
        build_model(chosen({"name": "mlp", "width": 4}), (1, 8, 8), 5, generator(0))
