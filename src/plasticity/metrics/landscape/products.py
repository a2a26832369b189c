"""Products of vectors with the Hessian and the Gauss-Newton matrix of a network's loss."""

import torch
from torch import Tensor, nn

from plasticity.metrics.landscape.lanczos import Product
from plasticity.metrics.network_state import in_eval_mode, in_plain_attention, trained_parameters


def hessian_product(model: nn.Module, images: Tensor, labels: Tensor) -> Product:
    """Return the Hessian of the mean cross-entropy, (P, P), as products with vectors.

    The graph of the gradient is built once and kept, so that a product costs one more backward pass; it takes memory
    as long as the product lives.

    Args:
        model: A classifier of P parameters; images (N, C, H, W) to logits (N, classes).
        images: (N, C, H, W).
        labels: Classes, int64 (N,).
    """
    parameters = list(trained_parameters(model).values())
    with in_eval_mode(model), in_plain_attention(), torch.enable_grad():
        loss = nn.functional.cross_entropy(model(images), labels)
        gradient = torch.autograd.grad(loss, parameters, create_graph=True)
    flat = torch.cat([part.reshape(-1) for part in gradient])

    def multiply(vector: Tensor) -> Tensor:
        found = torch.autograd.grad(flat, parameters, vector, retain_graph=True, materialize_grads=True)
        return torch.cat([part.reshape(-1) for part in found])

    return Product(multiply, len(flat), flat.detach())


def gauss_newton_product(model: nn.Module, images: Tensor) -> Product:
    """Return the generalised Gauss-Newton matrix of the mean cross-entropy, (P, P), as products with vectors.

    (1/N) Σ Jᵀ (diag(p) − p pᵀ) J over the images, with the Jacobian J of the logits and their softmax p (Schraudolph
    2002). It does not depend on labels.

    Args:
        model: A classifier of P parameters; images (N, C, H, W) to logits (N, classes).
        images: (N, C, H, W).
    """
    parameters = list(trained_parameters(model).values())
    with in_eval_mode(model), in_plain_attention(), torch.enable_grad():
        logits = model(images)
        direction = torch.zeros_like(logits, requires_grad=True)
        backward = torch.autograd.grad(logits, parameters, direction, create_graph=True)
    flat = torch.cat([part.reshape(-1) for part in backward])  # Jᵀu, whose derivative by u takes v to J v
    likely = logits.detach().softmax(1)

    def multiply(vector: Tensor) -> Tensor:
        (forward,) = torch.autograd.grad(flat, direction, vector, retain_graph=True)
        moved = likely * forward
        curved = (moved - likely * moved.sum(1, keepdim=True)) / len(images)
        found = torch.autograd.grad(logits, parameters, curved, retain_graph=True)
        return torch.cat([part.reshape(-1) for part in found])

    return Product(multiply, len(flat), flat.detach())
