"""Spectral regularisation."""

import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.models.spectral_linear import first_left_vector, largest_singular_value, left_vector
from plasticity.training.forward import Forward
from plasticity.training.penalties.penalty import Penalty
from plasticity.training.weight_matrices import weight_matrices


class Spectral(Penalty, name="spectral"):
    """Spectral regularisation: weight · Σ over layers of (σ_max(W)^exponent − target)² (Lewandowski et al. 2025).

    σ_max is tracked by power iteration, one iteration per training step. He et al. (2025) use a target of 2 and
    add ‖b‖² of the biases.
    """

    weight: float = setting("Factor of the sum; 1e-4 to 1e-2 in the papers.", unit="nat", ge=0)
    exponent: int = setting("Power of the largest singular value.", unit="1", default=2, ge=1)
    target: float = setting("Target of that power; 2 in He et al. (2025).", unit="1", default=1.0, ge=0)
    biases: bool = setting("Add the squared biases, as in He et al. (2025).", unit="1", default=False)
    iterations: int = setting("Power iterations per training step.", unit="steps", default=1, ge=1)

    def __call__(self, forward: Forward) -> Tensor:
        """Return the sum."""
        kept, terms = forward.network.kept, []
        for name, matrix in weight_matrices(forward.parameters).items():
            before = kept[name] if name in kept else first_left_vector(matrix)
            kept[name] = left_vector(matrix, before, self.iterations)
            terms.append((largest_singular_value(matrix, kept[name]) ** self.exponent - self.target).square())
        if self.biases:
            terms += [b.square().sum() for name, b in forward.parameters.items() if name.endswith("bias")]
        return torch.stack(terms).sum()

    def term(self, value: Tensor) -> Tensor:
        """Return weight · value."""
        return self.weight * value
