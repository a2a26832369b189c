"""Hessian, Gauss-Newton matrix and gradients of small networks against nested differentiation in float64."""

from math import isnan

import pytest
import torch
from torch import nn

from landscape_networks import (
    exact_gauss_newton,
    exact_hessian,
    images_and_labels,
    jacobian,
    networks,
)
from plasticity.errors import PlasticityError
from plasticity.metrics.landscape import (
    gauss_newton_product,
    gauss_newton_spectrum,
    gradient_covariance,
    hessian_product,
    kronecker_ranks,
)
from plasticity.metrics.landscape.gauss_newton import squared_error_factors
from plasticity.metrics.landscape.spectrum import entropy_rank

NAMES = sorted(networks())
IMAGES, LABELS = images_and_labels()


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> nn.Module:
    return networks()[request.param].train()


def test_products_are_those_of_the_matrices(model: nn.Module) -> None:
    products = hessian_product(model, IMAGES, LABELS), gauss_newton_product(model, IMAGES)
    exact = exact_hessian(model, IMAGES, LABELS), exact_gauss_newton(model, IMAGES)
    for product, matrix in zip(products, exact, strict=True):
        vector = torch.randn(product.size, dtype=torch.float64)
        torch.testing.assert_close(product(vector), matrix @ vector, rtol=1e-9, atol=1e-10)


def test_dual_gives_the_eigenvalues_of_the_gauss_newton_matrix(model: nn.Module) -> None:
    spectrum = gauss_newton_spectrum(model, IMAGES)
    exact = torch.linalg.eigvalsh(exact_gauss_newton(model, IMAGES))
    assert spectrum.size == len(exact)
    assert spectrum.largest == pytest.approx(float(exact.max()), rel=1e-9)
    assert spectrum.trace.value == pytest.approx(float(exact.sum()), rel=1e-9)
    for threshold in (1e-6, 1e-3, 0.1):
        assert spectrum.rank(threshold).value == pytest.approx(float((exact > threshold).sum()))


def test_covariance_is_of_the_gradients_of_single_images(model: nn.Module) -> None:
    logits, moved = jacobian(model.eval(), IMAGES)
    error = logits.softmax(1) - nn.functional.one_hot(LABELS, logits.shape[1])
    order = torch.argsort(LABELS, stable=True)
    unit = nn.functional.normalize(torch.einsum("nc,ncp->np", error, moved)[order], dim=1)
    found = gradient_covariance(model, IMAGES, LABELS)
    torch.testing.assert_close(found.cosines, unit @ unit.T, rtol=1e-9, atol=1e-9)
    assert found.labels.tolist() == sorted(LABELS.tolist())
    assert found.vanished == 0
    pairs = [bool(a @ b < 0) for i, a in enumerate(unit) for b in unit[i + 1 :]]
    assert found.negative_pairs == pytest.approx(sum(pairs) / len(pairs))


def test_squared_errors_have_factors_and_gradients_of_their_own(model: nn.Module) -> None:
    outputs, moved = jacobian(model.eval(), IMAGES)
    flat = moved.reshape(-1, moved.shape[2])
    exact = torch.linalg.eigvalsh(flat.T @ flat / len(IMAGES))
    spectrum = gauss_newton_spectrum(model, IMAGES, squared_error_factors)
    assert spectrum.largest == pytest.approx(float(exact.max()), rel=1e-9)
    assert spectrum.trace.value == pytest.approx(float(exact.sum()), rel=1e-9)
    noise = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    order = torch.argsort(LABELS, stable=True)
    unit = nn.functional.normalize(torch.einsum("nc,ncp->np", noise, moved)[order], dim=1)
    found = gradient_covariance(model, IMAGES, LABELS, noise=noise)
    torch.testing.assert_close(found.cosines, unit @ unit.T, rtol=1e-9, atol=1e-9)


def test_networks_stay_as_they_were(model: nn.Module) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gauss_newton_spectrum(model, IMAGES)
    gauss_newton_product(model, IMAGES)
    hessian_product(model, IMAGES, LABELS)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training and not module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("name", ["convolutions", "divided", "transformer"])
def test_frozen_parameters_are_not_directions(name: str) -> None:
    model = networks()[name]
    first = next(model.parameters())
    first.requires_grad_(False)
    whole = exact_gauss_newton(model, IMAGES)[first.numel() :, first.numel() :]
    found = gauss_newton_spectrum(model, IMAGES)
    assert found.size == len(whole) == hessian_product(model, IMAGES, LABELS).size
    assert found.trace.value == pytest.approx(float(whole.trace()), rel=1e-9)


def test_gradients_that_vanish_are_counted_and_left_out() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, bias=False)).double()
    images = IMAGES.clone()
    images[2] = 0
    found = gradient_covariance(model, images, LABELS)
    assert found.vanished == 1
    assert found.cosines.shape == (4, 4)
    none = gradient_covariance(model, torch.zeros_like(images), LABELS)
    assert (none.vanished, none.effective_rank) == (5, 0.0)
    assert isnan(none.negative_pairs)


def test_equal_images_have_one_direction_and_orthogonal_ones_as_many_as_they_are() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, bias=False)).double()
    same = gradient_covariance(model, IMAGES[:1].expand(4, -1, -1, -1), LABELS[:1].expand(4))
    assert same.effective_rank == pytest.approx(1.0)
    apart = gradient_covariance(model, torch.eye(12, dtype=torch.float64)[:4].view(4, 1, 3, 4), torch.zeros(4).long())
    assert apart.effective_rank == pytest.approx(4.0)


def test_kronecker_rank_is_that_of_the_product() -> None:
    model = networks()["perceptron"]
    ranks = kronecker_ranks(model, IMAGES)
    assert len(ranks) == 3
    taken = torch.cat([IMAGES.flatten(1), torch.ones(5, 1)], 1)
    inner = model[0][1]  # pyright: ignore
    rest = nn.Sequential(*list(model[0])[2:], model[1])  # pyright: ignore
    logits, given = [], []
    for image in inner(IMAGES.flatten(1)).detach():
        likely = rest(image).softmax(0).detach()
        moved = torch.func.jacrev(rest)(image).detach()
        given.append(moved.T @ (torch.diag(likely) - likely[:, None] * likely) @ moved)
        logits.append(likely)
    product = torch.kron(taken.T @ taken / 5, torch.stack(given).mean(0))
    assert ranks[0] == pytest.approx(entropy_rank(torch.linalg.eigvalsh(product)), rel=1e-9)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.PReLU()), "2: expected parameters in Linear"),
        (nn.Sequential(nn.Conv2d(2, 2, 1, groups=2), nn.Flatten()), "0: expected parameters in Linear"),
    ],
)
def test_unknown_layers_are_refused(model: nn.Module, expected: str) -> None:
    with pytest.raises(PlasticityError, match=expected):
        gauss_newton_spectrum(model.double(), IMAGES)


def test_layers_that_are_used_twice_are_refused() -> None:
    layer = nn.Linear(12, 12)
    with pytest.raises(PlasticityError, match="used once"):
        gauss_newton_spectrum(nn.Sequential(nn.Flatten(), layer, layer).double(), IMAGES)
