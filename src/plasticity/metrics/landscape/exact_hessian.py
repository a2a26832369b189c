"""The Hessian of a small network's loss as a whole matrix, and all its eigenvalues."""

import copy

import torch
from torch import Tensor, nn

from plasticity.metrics.finite import checked
from plasticity.metrics.landscape.lanczos import Product
from plasticity.metrics.landscape.products import hessian_product
from plasticity.metrics.landscape.spectrum import Spectrum, exact_spectrum

_BLOCK = 64  # vectors per product; larger blocks are not faster, measured on perceptrons of 2,000 parameters
_NUMBERS = 2**22  # of the images, over all vectors of a block: what passes keep of each layer is a multiple of it


def hessian_spectrum(model: nn.Module, images: Tensor, labels: Tensor, *, noise: Tensor | None = None) -> Spectrum:
    """Return all eigenvalues of the Hessian of the mean loss over some images, in float64.

    The cost is a product per parameter, and the eigenvalues of a (P, P) matrix, which grow with the cube of P: for
    networks of a few thousand parameters. A copy of the network is differentiated in float64, because what rounding
    adds in float32, 1e-7 of the largest eigenvalue and more, can exceed an absolute threshold of a rank.

    Args:
        model: A classifier of P parameters; images (N, C, H, W) to logits (N, classes).
        images: (N, C, H, W).
        labels: Classes, int64 (N,).
        noise: That of the squared error, (N, outputs), as in `hessian_product`; None for the cross-entropy.

    Raises:
        NotFinite: If the Hessian is not finite.
    """
    images, noise = images.double(), None if noise is None else noise.double()
    product = hessian_product(copy.deepcopy(model).double(), images, labels, noise=noise)
    matrix = whole_matrix(product, max(1, min(_BLOCK, _NUMBERS // images.numel())))
    eigenvalues = torch.linalg.eigvalsh(checked(matrix, "second derivatives")).cpu()
    return exact_spectrum(eigenvalues, product.size)


def whole_matrix(product: Product, block: int) -> Tensor:
    """Return the matrix (n, n) behind a product, exactly symmetric.

    Args:
        product: The matrix.
        block: Unit vectors that are multiplied at a time, stacked; memory grows with their number.
    """
    matrix = torch.empty(product.size, product.size, dtype=product.like.dtype, device=product.like.device)
    for begin in range(0, product.size, block):
        rows = matrix[begin : begin + block]
        unit = torch.zeros_like(rows)
        unit.diagonal(begin).fill_(1)
        rows.copy_(product(unit))
    return (matrix + matrix.T) / 2
