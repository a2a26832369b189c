"""Products with the Hessian and the Gauss-Newton matrix against those of another library (Dangel et al. 2025)."""

from typing import Any

import pytest
import torch
from torch import nn

from landscape_networks import images_and_labels, networks
from plasticity.metrics.landscape import gauss_newton_product, hessian_product

# Forward-mode differentiation of PyTorch itself, which curvlinops uses, compiles its rules by the deprecated function.
pytestmark = pytest.mark.filterwarnings(r"ignore:.torch\.jit\.script. is deprecated:FutureWarning")


@pytest.mark.parametrize("name", ["perceptron", "convolutions"])
def test_products_are_those_of_curvlinops(name: str) -> None:
    from curvlinops import GGNLinearOperator, HessianLinearOperator  # importing it warns

    model, (images, labels) = networks()[name].eval(), images_and_labels()
    given = model, nn.CrossEntropyLoss(), list(model.parameters()), [(images, labels)]
    products = hessian_product(model, images, labels), gauss_newton_product(model, images)
    vectors = torch.randn(3, products[0].size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for product, operator in zip(products, (HessianLinearOperator, GGNLinearOperator), strict=True):
        found: Any = operator(*given, check_deterministic=False) @ vectors.T
        expected = found.T
        torch.testing.assert_close(product(vectors), expected, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(product(vectors[0]), expected[0], rtol=1e-9, atol=1e-9)
