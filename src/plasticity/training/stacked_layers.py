"""Copies of a chain of linear layers as one network whose layers hold the weights of all of them."""

import torch
from torch import Tensor, nn

from plasticity.models.classifier import Classifier

_ELEMENT_BY_ELEMENT = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.GELU, nn.Identity)


class StackedLinear(nn.Module):
    """A linear layer of T networks; maps inputs that all share, (B, in), or each network's own, to (T, out, B).

    The batch comes last: every product and every gradient is then computed as it lies in memory, without copies.
    """

    def __init__(self, layer: nn.Linear, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(_repeated(layer.weight, count))
        self.bias = None if layer.bias is None else nn.Parameter(_repeated(layer.bias, count))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs (T, out, B) of inputs (B, in) or (T, in, B)."""
        if inputs.dim() == 2:  # one wide product in place of T narrow ones
            return self._wide(inputs.T).unflatten(0, self.weight.shape[:2])
        return self.weight @ inputs if self.bias is None else torch.baddbmm(self.bias[..., None], self.weight, inputs)

    def _wide(self, inputs: Tensor) -> Tensor:
        weight = self.weight.flatten(0, 1)
        return weight @ inputs if self.bias is None else torch.addmm(self.bias.view(-1, 1), weight, inputs)


def is_chain(network: nn.Module) -> bool:
    """Say whether a network is nothing but linear layers and functions of single numbers, on flattened images."""
    return all(_is_link(module) for module in network.modules())


def _is_link(module: nn.Module) -> bool:
    if any(True for _ in module.children()):
        chains = type(module).forward in (nn.Sequential.forward, Classifier.forward)
        return chains and not list(module.parameters(recurse=False))
    return type(module) in (nn.Linear, nn.Flatten, *_ELEMENT_BY_ELEMENT)


def stack_layers(network: nn.Module, count: int) -> None:
    """Put the layers of copies in the place of a chain's own."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Linear:
                setattr(module, name, StackedLinear(child, count))


def _repeated(tensor: Tensor, count: int) -> Tensor:
    return tensor.detach().expand(count, *tensor.shape).clone()
