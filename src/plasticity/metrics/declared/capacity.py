"""What a network has left to learn with: feature ranks, dead units, weight norm."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from plasticity.metrics.declaring import metric

_FIRST = 32  # images after which most layers have no silent unit left, so that the others need not be looked at


def singular_values(second_moment: Tensor) -> Tensor:
    """Singular values of a feature matrix A, in descending order, from AᵀA (d, d) in float64.

    NaN where AᵀA is not finite, which the eigenvalue solver would refuse.
    """
    if not bool(torch.isfinite(second_moment).all()):
        return torch.full_like(second_moment.diagonal(), float("nan"))
    return torch.linalg.eigvalsh(second_moment).clamp(min=0).sqrt().flip(0)


@metric(unit="1", meaning="L2 norm of all trainable parameters", group="capacity")
def weight_norm(model: nn.Module) -> float:
    """L2 norm of all trainable parameters, accumulated in float64."""
    norms = [torch.linalg.vector_norm(p.detach(), dtype=torch.float64) for p in model.parameters()]
    return float(torch.stack(norms).norm())


@metric(unit="1", meaning="exp of the entropy of the features' singular values (Roy & Vetterli 2007)", group="capacity")
def effective_rank(singular: Tensor) -> float:
    """exp(−Σ p ln p), p = σ/Σσ (Roy & Vetterli 2007); features are neither centred nor squared (Dohare et al. 2024)."""
    p = singular / singular.sum()
    return float(torch.exp(-torch.special.xlogy(p, p).sum()))


@metric(unit="1", meaning="‖A‖_F²/‖A‖₂² of the feature matrix", group="capacity")
def stable_rank(singular: Tensor) -> float:
    """‖A‖_F²/‖A‖₂² = Σσ²/σ_max²."""
    return float(singular.square().sum() / singular.max().square())


@metric(unit="1", meaning="number of singular values with 99 % of the squared sum", kind="int", group="capacity")
def approximate_rank(singular: Tensor, mass: float = 0.99) -> int | float:
    """Smallest k with Σ_{i≤k} σ_i² ≥ mass · Σσ² (Dohare et al. 2024): 0 for a zero matrix, NaN for NaN."""
    total = singular.square().sum()
    if not bool(total > 0):
        return 0 if bool(total == 0) else float("nan")
    share = torch.cumsum(singular.square(), 0) / total
    return int((share < mass).sum()) + 1


@dataclass
class ActiveUnits:
    """Per ReLU layer, which units (channels of a convolution) have been positive on any image so far."""

    active: dict[str, Tensor] = field(default_factory=dict)
    _all_active: set[str] = field(default_factory=set)

    def record(self, name: str, output: Tensor) -> None:
        """Add a layer's output (B, units, ...)."""
        if name in self._all_active:
            return
        for part in (output[:_FIRST], output[_FIRST:]):
            if len(part) and name not in self._all_active:
                self._record(name, part)

    def _record(self, name: str, output: Tensor) -> None:
        # The largest output over the images first, in rows as they lie in memory: reducing per channel at once would
        # read a convolution's output in strides, at several times the cost of the layers themselves.
        largest = output.movedim(1, -1).reshape(len(output), -1).amax(0)
        seen = largest.view(-1, output.shape[1]).amax(0) > 0
        self.active[name] = seen | self.active.get(name, torch.zeros_like(seen))
        if bool(self.active[name].all()):
            self._all_active.add(name)  # nothing that later images do can change that

    def dead_fraction(self) -> float:
        """Fraction of units that were zero on every image; NaN for a network without ReLU."""
        if not self.active:
            return float("nan")
        return float((~torch.cat(list(self.active.values()))).double().mean())


@metric(unit="fraction", meaning="ReLU units that are zero on all probe images", group="capacity")
def dead_units(units: ActiveUnits) -> float:
    """Fraction of units (channels of a convolution) that were zero on every image; NaN for a network without ReLU."""
    return units.dead_fraction()


@contextmanager
def watch_units(model: nn.Module, units: ActiveUnits, rows: Tensor | None = None) -> Iterator[None]:
    """Record the activity of all ReLU units during the forward pass inside the block.

    Args:
        model: The network.
        units: What it is recorded in.
        rows: On which images of the batch, int64; all by default.
    """

    def record(name: str, output: Tensor) -> None:
        units.record(name, output if rows is None else output[rows])

    handles = [
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: record(name, output)  # pyright: ignore[reportArgumentType]
        )
        for name, module in model.named_modules()
        if isinstance(module, nn.ReLU)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
