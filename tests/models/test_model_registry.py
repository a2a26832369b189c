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


def test_small_networks_cover_all_there_are() -> None:
    assert SMALL.keys() == known("model").keys()


@pytest.mark.parametrize("name", sorted(SMALL))
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 9, 12)], ids=str)
def test_every_network_takes_every_image(name: str, shape: tuple[int, int, int]) -> None:
    model = build_model(chosen(SMALL[name]), shape, 7, generator(0))
    images = torch.randn(3, *shape, generator=generator(1))
    for mode in (True, False):
        model.train(mode)
        logits = model(images)
        assert logits.shape == (3, 7)
        assert logits.isfinite().all()
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", sorted(SMALL))
def test_logits_are_the_head_of_the_features(name: str) -> None:
    model = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(0)).eval()
    images = torch.randn(4, 1, 8, 8, generator=generator(1))
    features = model.features(images)
    assert isinstance(model.head, nn.Linear)
    assert features.shape == (4, model.head.in_features)
    assert (features >= 0).all() or name in {"vit", "logistic_regression"}  # behind the last non-linearity
    assert torch.equal(model.head(features), model(images))
    torch.testing.assert_close(features @ model.head.weight.T + model.head.bias, model(images))


@pytest.mark.parametrize("name", sorted(SMALL))
def test_weights_are_those_of_the_generator(name: str) -> None:
    torch.manual_seed(0)
    global_state = torch.random.get_rng_state()
    one = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(3))
    torch.rand(100)
    same = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(3))
    other = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(4))
    assert_same(state(one), state(same))
    assert not any(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True) if a.ndim > 1)
    torch.manual_seed(0)
    assert torch.equal(torch.random.get_rng_state(), global_state)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_global_generator_is_untouched(name: str) -> None:
    before = torch.random.get_rng_state()
    build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(3))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_initialise_draws_everything_anew(name: str) -> None:
    model = build_model(chosen(SMALL[name]), (1, 8, 8), 5, generator(3))
    expected = state(model)
    with torch.no_grad():
        for value in model.state_dict().values():
            value.fill_(9)
    model.initialise(generator(3))
    assert_same(state(model), expected)


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
