"""Products of vectors, alone or stacked, with the Hessian and the Gauss-Newton matrix of a network's loss."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from plasticity.metrics.landscape.lanczos import Product
from plasticity.metrics.network_state import in_eval_mode, in_plain_attention, trained_parameters


def hessian_product(model: nn.Module, images: Tensor, labels: Tensor, *, noise: Tensor | None = None) -> Product:
    """Return the Hessian of the mean loss over some images, (P, P), as products with vectors.

    The loss is the cross-entropy or, with noise ε, Lyle et al.'s (2023) squared error ½‖f(x) − f₀(x) + ε‖², where f₀
    is the network as it is.

    The graph of the gradient is built once and kept, so that a product costs one more backward pass; it takes memory
    as long as the product lives.

    Args:
        model: A classifier of P parameters; images (N, C, H, W) to logits (N, classes).
        images: (N, C, H, W).
        labels: Classes, int64 (N,).
        noise: ε, (N, outputs); None for the cross-entropy.
    """
    parameters = list(trained_parameters(model).values())
    with in_eval_mode(model), in_plain_attention(), torch.enable_grad():
        loss = _mean_loss(model(images), labels, noise)
        gradient = torch.autograd.grad(loss, parameters, create_graph=True)
    flat = torch.cat([part.reshape(-1) for part in gradient])

    def multiply(vector: Tensor) -> Tensor:
        return _derivatives(flat, parameters, vector)

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
        forward = _derivatives(flat, [direction], vector).view(*vector.shape[:-1], *likely.shape)
        moved = likely * forward
        curved = (moved - likely * moved.sum(-1, keepdim=True)) / len(images)
        return _derivatives(logits, parameters, curved)

    return Product(multiply, len(flat), flat.detach())


def _mean_loss(outputs: Tensor, labels: Tensor, noise: Tensor | None) -> Tensor:
    if noise is None:
        return nn.functional.cross_entropy(outputs, labels)
    return (outputs - outputs.detach() + noise).square().sum() / (2 * len(outputs))


def _derivatives(outputs: Tensor, inputs: Sequence[Tensor], vector: Tensor) -> Tensor:
    """Return vᵀ ∂outputs/∂inputs, flat and side by side: (n,), or (k, n) of k vectors v stacked before `outputs`."""
    stacked, lead = vector.dim() > outputs.dim(), vector.shape[: vector.dim() - outputs.dim()]
    found = torch.autograd.grad(
        outputs, inputs, vector, retain_graph=True, materialize_grads=True, is_grads_batched=stacked
    )
    # What the outputs do not depend on has zeros of its own shape, without the stack.
    parts = zip(found, inputs, strict=True)
    return torch.cat([part.expand(*lead, *each.shape).reshape(*lead, -1) for part, each in parts], -1)
