"""Networks of torchvision: the same functions as torchvision's own, on padded images, drawn from a generator."""

import math

import pytest
import torch
from torch import nn
from torchvision import models

from plasticity.models.model_registry import build_model
from plasticity.models.network import Network
from plasticity.models.torchvision_models import AveragePool, FitImages
from second_device import DEVICE, needs_second_device, second_device
from small_problems import generator
from typed import chosen

NAMES = ("resnet18_imagenet", "resnet50_imagenet", "densenet201", "vgg11_bn")
FEATURES = {"resnet18_imagenet": 512, "resnet50_imagenet": 2048, "densenet201": 1920, "vgg11_bn": 4096}
PARAMETERS = {
    "resnet18_imagenet": 11_181_642,  # 11,689,512 of torchvision's, with 10 classes in place of 1,000
    "resnet50_imagenet": 23_528_522,
    "densenet201": 18_112_138,
    "vgg11_bn": 128_812_810,
}


@pytest.mark.parametrize(
    ("shape", "expected"), [((1, 28, 28), (3, 32, 32)), ((3, 96, 96), (3, 96, 96)), ((3, 8, 33), (3, 32, 33))]
)
def test_images_are_padded_by_their_border_to_32_pixels(shape: tuple, expected: tuple) -> None:
    images = torch.rand(2, *shape)
    found = FitImages(shape)(images)
    assert tuple(found.shape[1:]) == expected
    top, left = ((new - old) // 2 for new, old in zip(expected[1:], shape[1:], strict=True))
    inside = found[:, :, top : top + shape[1], left : left + shape[2]]
    assert torch.equal(inside, images.expand(-1, 3, -1, -1))
    assert torch.equal(found[:, 0, 0, 0], images[:, 0, 0, 0])
    assert torch.equal(found[:, 0, -1, -1], images[:, 0, -1, -1])


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (7, 7), (9, 12), (14, 14)])
def test_average_pool_is_torchs_adaptive_one(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, dtype=torch.float64, generator=generator(0))
    torch.testing.assert_close(AveragePool(7)(x), nn.AdaptiveAvgPool2d(7)(x))


@needs_second_device
def test_average_pooling_is_made_where_its_input_is() -> None:
    x = torch.randn(2, 3, 5, 5)
    with second_device() as machine:
        there = x.to(DEVICE)
        machine.sent.clear()
        found = AveragePool(7)(there)
        assert machine.sent == []  # in every step of a training
        assert machine.waits == []
        torch.testing.assert_close(found.cpu(), AveragePool(7)(x))


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_of_torchvision(name: str) -> None:
    with torch.device("meta"):  # no weights are drawn
        model = chosen({"name": name}).make(Network).build((1, 28, 28), 10)
    assert model.head.in_features == FEATURES[name]
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]


def test_logits_are_those_of_torchvisions_network_with_the_same_weights() -> None:
    ours = build_model(chosen({"name": "resnet18_imagenet"}), (3, 64, 64), 10, generator(0)).eval()
    theirs = models.resnet18(weights=None, num_classes=10).eval()
    weights = {name.removeprefix("body.1."): value for name, value in ours.state_dict().items()}
    weights |= {f"fc.{name}": value for name, value in ours.head.state_dict().items()}
    theirs.load_state_dict({name: value for name, value in weights.items() if not name.startswith("head.")})
    images = torch.randn(2, 3, 64, 64, generator=generator(1))
    torch.testing.assert_close(ours(images), theirs(images))


def test_weights_are_drawn_as_torchvision_draws_them() -> None:
    model = build_model(chosen({"name": "vgg11_bn"}), (3, 32, 32), 10, generator(0))
    convolution = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    expected = math.sqrt(2 / (convolution.out_channels * 9))
    assert float(convolution.weight.detach().std()) == pytest.approx(expected, rel=0.05)
    assert float(model.head.weight.detach().std()) == pytest.approx(0.01, rel=0.05)
    assert not bool(model.head.bias.detach().any())
