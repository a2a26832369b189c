"""Feature-rank regularisation as one loss."""

from typing import ClassVar

from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.feature_rank import RankOf, mean_effective_rank
from plasticity.training.forward import Forward
from plasticity.training.penalties.penalty import Penalty


class EffectiveRank(Penalty, name="effective_rank"):
    """ER in the loss: −weight · mean over hidden layers of the effective rank of the batch (He et al. 2025).

    Their text subtracts erank(Σ_l E[a_l a_lᵀ]) from the loss: one rank, of the sum of all layers' second moments, which
    exists only where all layers have the same width. Here, as in their code, each layer has a rank of its own, and the
    mean is taken. Their code ascends it by separate steps on the features themselves, as does the hook
    `effective_rank_ascent`. With weight decay it is L2-ER.
    """

    reads_layers: ClassVar[bool] = True
    needs_hidden_layers: ClassVar[bool] = True
    least_batch: ClassVar[int] = 2  # one image has a rank of one, whatever the weights

    weight: float = setting("Factor of the mean effective rank.", unit="nat", gt=0)
    matrix: RankOf = setting(
        "Matrix whose effective rank is taken: the second moment (their text) or the features (their code).",
        unit="name",
        default="second_moment",
    )
    last: int | None = setting("Number of last hidden layers used; if absent, all.", unit="layers", default=None, ge=1)

    def __call__(self, forward: Forward) -> Tensor:
        """Return the mean effective rank."""
        return mean_effective_rank(forward.layers, self.matrix, self.last)

    def term(self, value: Tensor) -> Tensor:
        """Return −weight · value."""
        return -self.weight * value
