"""The whole Hessian of small networks against nested differentiation, and against what random vectors converge to."""

import pytest
import torch
from torch import Tensor, nn

from landscape_networks import exact_gauss_newton, exact_hessian, images_and_labels, networks
from plasticity.metrics.finite import NotFinite
from plasticity.metrics.landscape import gauss_newton_product, hessian_product, hessian_spectrum, stochastic_spectrum
from plasticity.metrics.landscape.exact_hessian import whole_matrix

IMAGES, LABELS = images_and_labels()


@pytest.fixture(scope="module", params=sorted(networks()))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def model(name: str) -> nn.Module:
    return networks()[name].train()


@pytest.fixture(scope="module")
def exact(name: str) -> Tensor:
    """The Hessian of a model by nested differentiation, once for all tests of it."""
    return exact_hessian(networks()[name].train(), IMAGES, LABELS)


def test_eigenvalues_are_those_of_nested_differentiation(model: nn.Module, exact: Tensor) -> None:
    exact = torch.linalg.eigvalsh(exact)
    found = hessian_spectrum(model, IMAGES, LABELS)
    torch.testing.assert_close(found.nodes[0], exact, rtol=1e-9, atol=1e-9)
    assert (found.size, found.exact) == (len(exact), True)
    assert found.trace.standard_error == found.rank(1e-3).standard_error == 0
    assert found.rank(1e-3).value == int((exact.abs() > 1e-3).sum())


def test_squared_error_has_a_hessian_of_its_own() -> None:
    model, noise = networks()["perceptron"], torch.arange(15.0, dtype=torch.float64).view(5, 3) - 7
    exact = exact_hessian(model, IMAGES, LABELS, noise)
    found = hessian_spectrum(model, IMAGES, LABELS, noise=noise)
    torch.testing.assert_close(found.nodes[0], torch.linalg.eigvalsh(exact), rtol=1e-9, atol=1e-9)
    product, vector = hessian_product(model, IMAGES, LABELS, noise=noise), torch.ones(len(exact), dtype=torch.float64)
    torch.testing.assert_close(product(vector), exact @ vector, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_blocks_of_any_size_give_the_whole_matrix(model: nn.Module, exact: Tensor, block: int) -> None:
    products = hessian_product(model, IMAGES, LABELS), gauss_newton_product(model, IMAGES)
    for product, matrix in zip(products, (exact, exact_gauss_newton(model, IMAGES)), strict=True):
        found = whole_matrix(product, block)
        torch.testing.assert_close(found, matrix, rtol=1e-9, atol=1e-10)
        assert torch.equal(found, found.T)


def test_random_vectors_converge_to_it() -> None:
    model = networks()["perceptron"]
    exact, product = hessian_spectrum(model, IMAGES, LABELS), hessian_product(model, IMAGES, LABELS)
    estimate = stochastic_spectrum(product, probes=40, steps=exact.size, generator=torch.Generator().manual_seed(0))
    assert (estimate.largest, estimate.smallest) == pytest.approx((exact.largest, exact.smallest), rel=1e-9)
    for found, value in ((estimate.trace, exact.trace), (estimate.rank(1e-3), exact.rank(1e-3))):
        assert abs(found.value - value.value) < 3 * found.standard_error
        assert found.standard_error < 0.2 * value.value
    shares = estimate.smoothed_share(1e-3), exact.smoothed_share(1e-3)
    assert shares[0] == pytest.approx(shares[1], abs=0.05)


def test_rounding_of_single_precision_is_not_counted() -> None:
    """A linear network whose gradients are large and whose Hessian has a rank far below its size."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3)).double()
    images = 1e3 * IMAGES.round(decimals=2)
    single = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    single.load_state_dict({name: value.float() for name, value in model.state_dict().items()})
    model.load_state_dict({name: value.double() for name, value in single.state_dict().items()})
    exact = hessian_spectrum(model, images.float().double(), LABELS)
    found = hessian_spectrum(single, images.float(), LABELS)
    torch.testing.assert_close(found.nodes, exact.nodes)
    assert next(single.parameters()).dtype == torch.float32


def test_networks_stay_as_they_were(model: nn.Module) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    hessian_spectrum(model, IMAGES, LABELS)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_derivatives_that_are_not_finite_are_refused() -> None:
    model = networks()["perceptron"]
    next(model.parameters()).data.fill_(float("nan"))
    with pytest.raises(NotFinite, match="finite second derivatives"):
        hessian_spectrum(model, IMAGES, LABELS)
