"""Parseval regularisation."""

from typing import ClassVar

import torch
from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.forward import Forward
from plasticity.training.penalties.penalty import Penalty
from plasticity.training.weight_matrices import weight_matrices


class Parseval(Penalty, name="parseval"):
    """Parseval regularisation: weight · Σ over layers of ‖W·Wᵀ − scale·I‖²_F, the head left out (Chung et al. 2024).

    It drives the rows of each weight matrix to be orthogonal and of equal length, which a layer with more units than
    inputs cannot reach.
    """

    needs_hidden_layers: ClassVar[bool] = True

    weight: float = setting("Factor of the sum; 1e-4 to 1e-2 in Chung et al. (2024).", unit="nat", ge=0)
    scale: float = setting("Squared length of the rows; 2 suits ReLU.", unit="1", default=1.0, gt=0)

    def __call__(self, forward: Forward) -> Tensor:
        """Return the sum."""
        terms = []
        for matrix in weight_matrices(forward.parameters, head=False).values():
            identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
            terms.append((matrix @ matrix.T - self.scale * identity).square().sum())
        return torch.stack(terms).sum()

    def term(self, value: Tensor) -> Tensor:
        """Return weight · value."""
        return self.weight * value
