"""Inner products of single images' gradients: a network's layers with their inputs and backpropagated gradients."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from plasticity.errors import PlasticityError
from plasticity.metrics.landscape.layer_grams import KNOWN, gram_of
from plasticity.metrics.network_state import in_eval_mode, in_plain_attention, trained_parameters


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
        gram = gram + gram_of(module, inputs, gradients.transpose(0, 1))
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
        with in_eval_mode(model), in_plain_attention(), torch.enable_grad():
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
        if type(module) not in KNOWN or not plain:  # a layer that is derived from one may use its weights differently
            known = ", ".join(kind.__name__ for kind in KNOWN)
            raise PlasticityError(f"{name or 'the network'}: expected parameters in {known} only, got {module}")
    return found
