import math

import pytest
import torch
from torch import nn

from plasticity.metrics.layers import outputs_of
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.models.resnet import BasicBlock, Projection
from small_problems import generator
from typed import chosen


@pytest.fixture(scope="module")
def paper() -> Classifier:
    return build_model(chosen({"name": "resnet18"}), (3, 32, 32), 10, generator(0))


@pytest.fixture(scope="module")
def narrow() -> Classifier:
    return build_model(chosen({"name": "resnet18_narrow"}), (3, 32, 32), 10, generator(0))


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_parameter_counts(paper: Classifier, narrow: Classifier) -> None:
    assert parameters(paper) == 11_173_962
    assert parameters(narrow) == 701_466
    assert (paper.head.in_features, narrow.head.in_features) == (512, 128)


def test_paper_network_is_torchvisions_with_a_small_stem(paper: Classifier) -> None:
    from torchvision.models import resnet18

    reference = resnet18(num_classes=10)
    reference.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    ours, theirs = paper.state_dict(), reference.state_dict()
    assert [v.shape for v in ours.values()] == [v.shape for v in theirs.values()]
    reference.load_state_dict(dict(zip(theirs, ours.values(), strict=True)))
    images = torch.randn(2, 3, 32, 32, generator=generator(1))
    with torch.inference_mode():
        for mode in (True, False):  # in train mode first, so that the running statistics differ from the initial ones
            torch.testing.assert_close(paper.train(mode)(images), reference.train(mode)(images))
    paper.initialise(generator(0))


def test_max_pool_is_what_tells_the_two_apart(paper: Classifier, narrow: Classifier) -> None:
    def pools(model: nn.Module) -> list[nn.MaxPool2d]:
        return [module for module in model.modules() if isinstance(module, nn.MaxPool2d)]

    assert len(pools(paper)) == 1
    assert pools(narrow) == []
    assert sum(isinstance(module, nn.ReLU) for module in paper.modules()) == 17  # one module per place, to be watched


@pytest.mark.parametrize("max_pool", [True, False])
def test_hidden_layers_are_what_the_next_layer_reads(max_pool: bool) -> None:
    model = build_model(chosen({"name": "resnet18", "width": 2, "max_pool": max_pool}), (3, 32, 32), 10, generator(0))
    images = torch.randn(2, 3, 32, 32, generator=generator(1))
    side = 16 if max_pool else 32
    with torch.inference_mode(), outputs_of(model.hidden_layers()) as layers:
        features = model.features(images)
    maps = [(2, side), (2, side), (2, side), *((4, side // 2),) * 2, *((8, side // 4),) * 2, (16, side // 8)]
    assert [tuple(layer.shape[1:3]) for layer in layers[:-1]] == maps
    assert torch.equal(layers[-1], features)
    blocks = [module for module in model.modules() if isinstance(module, BasicBlock)]
    for block, before, after in zip(blocks[1:], layers[1:], layers[2:-1], strict=False):
        with torch.inference_mode():
            torch.testing.assert_close(block(before), after)


@pytest.mark.parametrize("side", [7, 8])
def test_a_projection_is_a_strided_convolution(side: int) -> None:
    ours, theirs = Projection(4, 8, 1, 2, bias=False).double(), nn.Conv2d(4, 8, 1, 2, bias=False).double()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(3, 4, side, side, generator=generator(1), dtype=torch.float64)
    for module in ours, theirs:
        module(images).square().sum().backward()
    torch.testing.assert_close(ours(images), theirs(images))
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)


@pytest.mark.parametrize("max_pool", [True, False])
def test_spatial_sizes(max_pool: bool) -> None:
    settings = {"name": "resnet18", "width": 2, "max_pool": max_pool}
    model = build_model(chosen(settings), (1, 32, 32), 3, generator(0))
    shapes = []
    for module in model.modules():
        if isinstance(module, BasicBlock):
            module.register_forward_hook(lambda _module, _inputs, output: shapes.append(tuple(output.shape[1:])))
    model(torch.zeros(2, 1, 32, 32))
    sizes = [16, 16, 8, 8, 4, 4, 2, 2] if max_pool else [32, 32, 16, 16, 8, 8, 4, 4]
    widths = [2, 2, 4, 4, 8, 8, 16, 16]
    assert shapes == [(width, size, size) for width, size in zip(widths, sizes, strict=True)]


def test_convolutions_are_kaiming_normal_with_fan_out(paper: Classifier) -> None:
    convolutions = [module for module in paper.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 20
    for module in convolutions:
        assert module.bias is None
        fan_out = module.out_channels * math.prod(module.kernel_size)
        scaled = module.weight.detach() / math.sqrt(2 / fan_out)
        tolerance = 4 / math.sqrt(2 * scaled.numel())  # four standard errors of a standard deviation
        assert scaled.std().item() == pytest.approx(1, abs=tolerance)
        assert scaled.mean().item() == pytest.approx(0, abs=4 / math.sqrt(scaled.numel()))
        kurtosis = (scaled**4).mean().item()
        assert kurtosis == pytest.approx(3, abs=4 * math.sqrt(96 / scaled.numel()))  # 1.8 if it were uniform


def test_batch_norm_starts_at_the_identity(paper: Classifier) -> None:
    paper.initialise(generator(0))
    norms = [module for module in paper.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 20
    for module in norms:
        assert (module.weight == 1).all()
        assert (module.bias == 0).all()
        assert (module.running_mean == 0).all()
        assert (module.running_var == 1).all()
        assert module.num_batches_tracked == 0


def test_head_is_uniform_within_its_bound(paper: Classifier) -> None:
    bound = 512**-0.5
    for values in (paper.head.weight.detach(), paper.head.bias.detach()):
        assert values.abs().max() <= bound
        assert values.abs().max() > 0.8 * bound
    assert paper.head.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
