"""The effective rank of the Kronecker-factored Gauss-Newton matrix, which L2-ER argues with (He et al. 2025)."""

import torch
from torch import Tensor, nn

from plasticity.metrics.finite import checked
from plasticity.metrics.landscape.example_gradients import layer_gradients
from plasticity.metrics.landscape.gauss_newton import Factors, curvature_factors
from plasticity.metrics.landscape.layer_grams import flat_gradients, flat_inputs
from plasticity.metrics.landscape.spectrum import entropy_rank


def kronecker_ranks(model: nn.Module, images: Tensor, factors: Factors = curvature_factors) -> list[float]:
    """Return the effective rank of E[a aᵀ] ⊗ E[g gᵀ] of every linear and convolutional layer, from the input on.

    a is the input of a layer with a 1 for the bias, g the Gauss-Newton gradients by its output; of convolutions both
    are summed over the places (Grosse & Martens 2016). As erank(A ⊗ B) = erank(A)·erank(B), neither product is formed.

    Args:
        model: A classifier; images (N, C, H, W) to logits (N, classes). Evaluated in eval mode.
        images: (N, C, H, W).
        factors: Of the loss's second derivative by the outputs; those of the cross-entropy by default.

    Raises:
        PlasticityError: If a module has parameters whose gradients are not known (`layer_gradients`).
        NotFinite: If inputs or gradients of a layer are not finite.
    """
    found = []
    for module, inputs, gradients in layer_gradients(model, images, factors):
        if isinstance(module, nn.Linear | nn.Conv2d):
            taken = flat_inputs(module, inputs)
            if module.bias is not None:
                taken = torch.cat([taken, torch.ones_like(taken[:, :1])], 1)
            given = flat_gradients(module, gradients.transpose(0, 1))
            rows = given.transpose(2, 3).reshape(-1, given.shape[2])
            found.append(_rank(taken.transpose(1, 2).reshape(-1, taken.shape[1])) * _rank(rows))
    return found


def _rank(rows: Tensor) -> float:
    """Return the effective rank of rowsᵀ rows, by the smaller of the two Gram matrices."""
    rows = rows.double()
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    return entropy_rank(torch.linalg.eigvalsh(checked(gram, "inputs and gradients of layers")))
