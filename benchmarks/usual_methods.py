"""Methods as they are usually written: one loop of PyTorch, one network, autograd and `torch.optim`.

A method is a term of the loss or something after each step, with the settings of `online_methods.METHODS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn

Act = Callable[["Usual"], None]
Term = Callable[["Usual"], Tensor]


@dataclass
class Usual:
    """A network in training, with what methods read of it.

    Attributes:
        layers: The linear layers, input first.
        norms: Layer normalisation after each of them but the last; may be empty.
        images: Of the latest step, (B, D).
        features: Outputs of the hidden layers in the latest step, (B, units) each.
        taken: Steps so far.
        initial: The parameters before the first step.
        kept: What a method keeps.
    """

    layers: list[nn.Linear]
    norms: list[nn.LayerNorm]
    images: Tensor = field(default_factory=lambda: torch.empty(0))
    features: list[Tensor] = field(default_factory=list)
    taken: int = 0
    initial: list[Tensor] = field(default_factory=list)
    kept: dict[str, list[Tensor]] = field(default_factory=dict)

    def parameters(self) -> list[nn.Parameter]:
        """Return all that is trained."""
        return [parameter for module in (*self.layers, *self.norms) for parameter in module.parameters()]

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (B, classes) of images (B, D), and keep what the hidden layers put out."""
        self.images, self.features, outputs = images, [], images
        for place, layer in enumerate(self.layers[:-1]):
            outputs = layer(outputs)
            outputs = torch.relu(self.norms[place](outputs) if self.norms else outputs)
            self.features.append(outputs)
        return self.layers[-1](outputs)


@dataclass(frozen=True)
class UsualMethod:
    """What a method adds to the loop."""

    weight_decay: float = 0.0
    layer_norm: bool = False
    adam: bool = False
    term: Term | None = None
    after: Act | None = None


def train(
    method: UsualMethod, sizes: Sequence[int], images: Tensor, labels: Tensor, *, batch: int, learning_rate: float
) -> int:
    """Train a fresh network once through the images (N, D), count right predictions, and return them."""
    layers = [nn.Linear(fan_in, fan_out) for fan_in, fan_out in pairwise(sizes)]
    network = Usual(layers, [nn.LayerNorm(width) for width in sizes[1:-1]] if method.layer_norm else [])
    network.initial = [parameter.detach().clone() for parameter in network.parameters()]
    kind = torch.optim.Adam if method.adam else torch.optim.SGD
    optimizer = kind(network.parameters(), lr=learning_rate, weight_decay=method.weight_decay)
    loss_of, correct = nn.CrossEntropyLoss(), 0
    for inputs, wanted in zip(images.split(batch), labels.split(batch), strict=True):
        logits = network.forward(inputs)
        correct += int((logits.argmax(1) == wanted).sum())
        loss = loss_of(logits, wanted)
        if method.term:
            loss = loss + method.term(network)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        network.taken += 1
        if method.after:
            with torch.no_grad():
                method.after(network)
    return correct


def l2_init(weight: float) -> Term:
    """Return the squared distance from the initial parameters (Kumar et al. 2023)."""

    def term(network: Usual) -> Tensor:
        pairs = zip(network.parameters(), network.initial, strict=True)
        return weight * sum((((parameter - initial) ** 2).sum() for parameter, initial in pairs), torch.zeros(()))

    return term


def perturb(shrink: float, amount: float) -> Act:
    """Return shrink and perturb after every step, with fresh layers of PyTorch's own."""

    def after(network: Usual) -> None:
        for layer in network.layers:
            fresh = nn.Linear(layer.in_features, layer.out_features)
            for parameter, drawn in zip(layer.parameters(), fresh.parameters(), strict=True):
                parameter.mul_(shrink).add_(drawn, alpha=amount)

    return after


def effective_rank_ascent(learning_rate: float, every: int, images: int) -> Act:
    """Return a step up the mean effective rank of the hidden layers at the latest images (He et al. 2025)."""

    def after(network: Usual) -> None:
        seen = network.kept.setdefault("images", [])
        seen.append(network.images)
        if network.taken % every:
            return
        latest, seen[:] = torch.cat(seen)[-images:], []
        with torch.enable_grad():
            network.forward(latest)
            rank = torch.stack([_effective_rank(features) for features in network.features]).mean()
            found = torch.autograd.grad(rank, network.parameters(), allow_unused=True)
        for parameter, gradient in zip(network.parameters(), found, strict=True):
            if gradient is not None:
                parameter.add_(gradient, alpha=learning_rate)

    return after


def _effective_rank(features: Tensor) -> Tensor:
    singular = torch.linalg.svdvals(features)
    shares = singular / singular.sum()
    return torch.exp(-(shares * torch.log(shares + 1e-12)).sum())


def continual_backprop(rate: float, *, maturity: int = 100, decay: float = 0.99) -> Act:
    """Return algorithm 1 of Dohare et al. (2024), layer by layer."""

    def after(network: Usual) -> None:
        if not network.kept:
            for name in ("utility", "age"):
                network.kept[name] = [torch.zeros(features.shape[1]) for features in network.features]
            network.kept["due"] = [torch.zeros(()) for _ in network.features]
        for place, features in enumerate(network.features):
            utility, age, due = (network.kept[name][place] for name in ("utility", "age", "due"))
            layer, reader = network.layers[place : place + 2]
            age += 1
            utility.lerp_(features.abs().mean(0) * reader.weight.abs().mean(0), 1 - decay)
            mature = age > maturity
            due += rate * mature.sum()
            if due < 1:
                continue
            ranked = torch.where(mature, utility / (1 - decay**age), torch.inf)
            chosen = ranked.topk(int(due), largest=False).indices
            due -= len(chosen)
            fresh = nn.Linear(layer.in_features, layer.out_features)
            layer.weight[chosen], layer.bias[chosen] = fresh.weight[chosen], fresh.bias[chosen]
            reader.weight[:, chosen] = 0
            utility[chosen], age[chosen] = 0, 0

    return after


_ASCENT = effective_rank_ascent(1e-3, every=100, images=100)
USUAL = {
    "plain": UsualMethod(),
    "weight decay": UsualMethod(weight_decay=1e-4),
    "l2_init": UsualMethod(term=l2_init(1e-4)),
    "continual_backprop": UsualMethod(after=continual_backprop(1e-5)),
    "the same, replacement_rate 1e-4": UsualMethod(after=continual_backprop(1e-4)),
    "effective_rank_ascent, every 100": UsualMethod(after=_ASCENT),
    "the same with weight decay (L2-ER)": UsualMethod(after=_ASCENT, weight_decay=1e-4),
    "perturb": UsualMethod(after=perturb(0.9999, 1e-3)),
    "adam": UsualMethod(adam=True),
    "layer norm": UsualMethod(layer_norm=True),
    "layer norm, weight decay": UsualMethod(layer_norm=True, weight_decay=1e-4),
    "layer norm, l2_init": UsualMethod(layer_norm=True, term=l2_init(1e-4)),
    "layer norm, continual_backprop": UsualMethod(layer_norm=True, after=continual_backprop(1e-5)),
}
"""By the names of `online_methods.METHODS`; variants of what only this project has are missing."""
