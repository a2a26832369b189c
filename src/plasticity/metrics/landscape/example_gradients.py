"""Inner products of single images' gradients, layer by layer, without holding one of them whole.

For a linear layer with input a and output gradient g, the gradient of an image is g aᵀ, and the inner product of two
images' gradients is (a·a')(g·g'): the Gram matrix costs two small products, whatever the layer's width.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from plasticity.errors import PlasticityError
from plasticity.metrics.network_state import in_eval_mode, trained_parameters

_AT_ONCE = 2**26  # numbers of explicit gradients that are held at a time
_NORMS = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
_KNOWN = (nn.Linear, nn.Conv2d, *_NORMS)


def gradient_gram(model: nn.Module, images: Tensor, cotangents: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the inner products of gradients of single images by all parameters, float64 (N·V, N·V), image by image.

    Args:
        model: A classifier; images (N, C, H, W) to logits (N, K). It is evaluated in eval mode.
        images: (N, C, H, W).
        cotangents: From logits (N, K) to the directions (V, N, K) of the logits whose gradients are taken.

    Raises:
        PlasticityError: If a module has parameters whose gradients are not known here, or is used twice.
    """
    gram = torch.zeros((), dtype=torch.float64)
    for module, inputs, gradients in layer_gradients(model, images, cotangents):
        gram = gram + _gram_of(module, inputs, gradients.transpose(0, 1))
    return gram


def layer_gradients(
    model: nn.Module, images: Tensor, cotangents: Callable[[Tensor], Tensor]
) -> Iterator[tuple[nn.Module, Tensor, Tensor]]:
    """Yield each module with parameters, its input (N, …) and the gradients (V, N, …) by its output."""
    modules = known_layers(model)
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def keep(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if module in seen:
            raise PlasticityError(f"expected every layer to be used once, got {modules[module]} twice")
        seen[module] = (inputs[0].detach(), output)
        return output.clone()  # what follows may change it in place

    hooks = [module.register_forward_hook(keep) for module in modules]
    try:
        with in_eval_mode(model), torch.enable_grad():
            logits = model(images)
    finally:
        for hook in hooks:
            hook.remove()
    outputs = [output for _, output in seen.values()]
    directions = cotangents(logits.detach())
    gradients = torch.autograd.grad(logits, outputs, directions, is_grads_batched=True)
    for (module, (inputs, _)), gradient in zip(seen.items(), gradients, strict=True):
        yield module, inputs, gradient.detach()


def known_layers(model: nn.Module) -> dict[nn.Module, str]:
    """Return the modules that hold parameters with gradients, with their names.

    Raises:
        PlasticityError: If one of them is of a type whose gradients are not known here.
    """
    holders = {name.rpartition(".")[0] for name in trained_parameters(model)}
    found = {module: name for name, module in model.named_modules() if name in holders}
    for module, name in found.items():
        plain = not isinstance(module, nn.Conv2d) or (module.groups == 1 and module.padding_mode == "zeros")
        if type(module) not in _KNOWN or not plain:  # a layer that is derived from one may use its weights differently
            known = ", ".join(kind.__name__ for kind in _KNOWN)
            raise PlasticityError(f"{name or 'the network'}: expected parameters of {known} alone, got {module}")
    return found


def _gram_of(module: nn.Module, inputs: Tensor, gradients: Tensor) -> Tensor:
    """Return what a module's parameters add to the Gram matrix; gradients are (N, V, …)."""
    rows = gradients.shape[0] * gradients.shape[1]
    gram = torch.zeros(rows, rows, dtype=torch.float64, device=gradients.device)
    if isinstance(module, _NORMS):
        for part in normalisation_gradients(module, inputs, gradients):
            gram += _outer(part.reshape(rows, -1))
        return gram
    taken, given = flat_inputs(module, inputs), flat_gradients(module, gradients)
    if module.bias is not None and module.bias.requires_grad:
        gram += _outer(given.sum(3).reshape(rows, -1))
    if not module.weight.requires_grad:
        return gram
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
