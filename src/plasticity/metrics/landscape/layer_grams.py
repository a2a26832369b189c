"""What a layer adds to the inner products of single images' gradients, without holding one gradient whole.

For a linear layer with input a and output gradient g, the gradient of an image is g aᵀ, and the inner product of two
images' gradients is (a·a')(g·g'): the Gram matrix costs two small products, whatever the layer's width.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from plasticity.models.spectral_linear import SpectralLinear
from plasticity.models.tokens import Tokens

_AT_ONCE = 2**26  # numbers of explicit gradients that are held at a time
_NORMS = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
KNOWN = (nn.Linear, nn.Conv2d, *_NORMS, SpectralLinear, Tokens)
"""Modules whose gradients by their own parameters are known."""


def gram_of(module: nn.Module, inputs: Tensor, gradients: Tensor) -> Tensor:
    """Return what a module's parameters add to the Gram matrix; gradients are (N, V, …)."""
    rows = gradients.shape[0] * gradients.shape[1]
    gram = torch.zeros(rows, rows, dtype=torch.float64, device=gradients.device)
    if isinstance(module, _NORMS):
        for part in normalisation_gradients(module, inputs, gradients):
            gram += _outer(part.reshape(rows, -1))
        return gram
    if isinstance(module, Tokens):  # its layer has a gradient of its own
        return gram + _outer(gradients.reshape(rows, -1)) if module.positions.requires_grad else gram
    taken, given = flat_inputs(module, inputs), flat_gradients(module, gradients)
    if module.bias is not None and module.bias.requires_grad:
        gram += _outer(given.sum(3).reshape(rows, -1))
    if not module.weight.requires_grad:
        return gram
    if isinstance(module, SpectralLinear):
        return gram + _of_divided(module, taken[:, :, 0], given[..., 0])
    if taken.shape[2] == 1:
        return gram + _of_one_place(taken[:, :, 0], given[..., 0])
    step = max(1, _AT_ONCE // (rows * taken.shape[1]))
    for part in given.split(step, dim=2):
        gram += _outer(torch.einsum("nkp,nvop->nvok", taken, part).reshape(rows, -1))
    return gram


def _of_one_place(inputs: Tensor, gradients: Tensor) -> Tensor:
    """Return the Gram matrix of g aᵀ for inputs (N, k) and gradients (N, V, o)."""
    images, directions, _ = gradients.shape
    alike = _outer(inputs)[:, None, :, None]
    found = _outer(gradients.reshape(images * directions, -1)).view(images, directions, images, directions)
    return (found * alike).reshape(images * directions, images * directions)


def _of_divided(module: SpectralLinear, inputs: Tensor, gradients: Tensor) -> Tensor:
    """Return the Gram matrix of the gradients by W of a layer W/σ, for inputs (N, k) and gradients (N, V, o).

    With G = g aᵀ and σ = uᵀWv, whose u and v are constants, the gradient is G/σ − ⟨G, W⟩ u vᵀ/σ².
    """
    inputs, gradients = inputs.double(), gradients.double()
    weight, u = module.weight.detach().double(), module.u.double()
    v = nn.functional.normalize(weight.T @ u, dim=0)
    sigma, mapped = u @ (weight @ v), inputs @ weight.T
    along = (torch.einsum("nvo,no->nv", gradients, mapped) / sigma).flatten()
    aligned = ((gradients @ u) * (inputs @ v)[:, None]).flatten()
    crossed = torch.outer(along, aligned)
    lengths = u.square().sum() * v.square().sum()
    plain = _of_one_place(inputs, gradients)
    return (plain - crossed - crossed.T + torch.outer(along, along) * lengths) / sigma**2


def _outer(rows: Tensor) -> Tensor:
    rows = rows.double()
    return rows @ rows.T


def flat_inputs(module: nn.Module, inputs: Tensor) -> Tensor:
    """Return what a layer's weight is multiplied with, (N, k, places): patches, tokens, or one place."""
    if isinstance(module, nn.Conv2d):
        options = {"dilation": module.dilation, "padding": _padding(module), "stride": module.stride}
        return nn.functional.unfold(inputs, module.kernel_size, **options)
    return inputs.reshape(len(inputs), -1, inputs.shape[-1]).transpose(1, 2)


def flat_gradients(module: nn.Module, gradients: Tensor) -> Tensor:
    """Return gradients (N, V, …) by a layer's output as (N, V, outputs, places)."""
    if isinstance(module, nn.Conv2d):
        return gradients.flatten(3)
    return gradients.reshape(*gradients.shape[:2], -1, gradients.shape[-1]).transpose(2, 3)


def normalisation_gradients(
    module: nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm, inputs: Tensor, gradients: Tensor
) -> Iterator[Tensor]:
    """Yield the gradients (N, V, …) by scale and shift, where they are trained."""
    if isinstance(module, nn.BatchNorm2d):
        normal = nn.functional.batch_norm(inputs, module.running_mean, module.running_var, eps=module.eps)
        places = tuple(range(3, gradients.dim()))
    elif isinstance(module, nn.GroupNorm):
        normal = nn.functional.group_norm(inputs, module.num_groups, eps=module.eps)
        places = tuple(range(3, gradients.dim()))
    else:
        normal = nn.functional.layer_norm(inputs, module.normalized_shape, eps=module.eps)
        places = tuple(range(2, gradients.dim() - len(module.normalized_shape)))
    for parameter, factor in ((module.weight, normal[:, None]), (module.bias, None)):
        if parameter is not None and parameter.requires_grad:
            each = gradients if factor is None else gradients * factor
            yield each.sum(places) if places else each


def _padding(module: nn.Conv2d) -> tuple[int, ...]:
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        pairs = zip(module.dilation, module.kernel_size, strict=True)
        return tuple(dilation * (kernel - 1) // 2 for dilation, kernel in pairs)
    return tuple(int(size) for size in module.padding)
