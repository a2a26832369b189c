import torch

from plasticity.models.model_registry import build_model
from plasticity.models.spectral_linear import SpectralLinear
from small_problems import generator, state
from typed import chosen


def test_it_is_pytorchs_spectral_norm_with_its_gradient() -> None:
    """After many power iterations W/s(W) and its gradient are those of the exact largest singular value."""
    layer = SpectralLinear(7, 5).double()
    torch.nn.init.normal_(layer.weight, generator=generator(0))
    layer.begin()
    images = torch.randn(6, 7, generator=generator(1), dtype=torch.float64)
    for _ in range(300):
        layer(images)
    found = layer(images)
    exact = layer.weight.detach().clone().requires_grad_()
    expected = images @ (exact / torch.linalg.matrix_norm(exact, 2)).T + layer.bias
    torch.testing.assert_close(found, expected)
    found.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, exact.grad)


def test_only_training_moves_the_estimate() -> None:
    model = build_model(chosen({"name": "mlp", "spectral_norm": True}), (1, 8, 8), 4, generator(0))
    layers = [module for module in model.modules() if isinstance(module, SpectralLinear)]
    assert len(layers) == 1
    with torch.no_grad():
        layers[0].weight[0] *= 3
    for mode in (False, True):
        model.train(mode)
        before = state(model)["body.1.u"]
        model(torch.randn(3, 1, 8, 8, generator=generator(1)))
        assert torch.equal(before, state(model)["body.1.u"]) != mode
