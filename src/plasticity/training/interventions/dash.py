"""Direction-aware shrinking."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from plasticity.config.settings import setting
from plasticity.training.interventions.intervention import Intervention, NetworkState, Weights


class Dash(Intervention, name="dash"):
    """Shrink weights that are not aligned with −∇L of the next task (Shin, Oh, Cho & Yun 2024, arXiv 2410.23495).

    w ← w · min(max(cos(w, −g), least), 1), with g a moving average G ← (1 − average)·G + average·∇L over the batches of
    the next task. As in the released code, w is the row of weights into a unit of a linear layer, the kernel from one
    channel to another of a convolution, or all biases of a layer; weights of norms stay, and a w without a gradient is
    shrunk by `least`.
    """

    reads_next_task: ClassVar[bool] = True

    least: float = setting("Smallest factor λ; 0.3 in Shin et al. (2024).", unit="1", ge=0, le=1)
    average: float = setting(
        "Weight α of a batch in the moving average of the gradient; 0.3 in Shin et al. (2024).",
        unit="1",
        default=0.3,
        gt=0,
        le=1,
    )
    batch_size: int = setting("Images per batch.", unit="images", default=128, ge=2)

    def __call__(self, state: NetworkState) -> NetworkState:
        """Shrink each direction by how far it agrees with the descent on the next task."""
        layers = [name.removesuffix(".weight") for name, value in state.weights.items() if _is_matrix(name, value)]
        shrunk = {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")} & state.weights.keys()
        mean = _moving_average(state.task_ahead.gradients(state.weights, self.batch_size), self.average)
        weights = {
            name: self._shrunk(value, -mean[name]) if name in shrunk else value for name, value in state.weights.items()
        }
        return replace(state, weights=weights)

    def _shrunk(self, value: NDArray, descent: NDArray) -> NDArray:
        kept = value.shape[: 1 if value.ndim == 2 else 2] if value.ndim > 1 else ()
        rows, along = (part.reshape(*kept, -1).astype(np.float64) for part in (value, descent))
        lengths = np.linalg.norm(rows, axis=-1) * np.linalg.norm(along, axis=-1)
        cosines = np.divide((rows * along).sum(-1), lengths, out=np.zeros_like(lengths), where=lengths > 0)
        factors = np.clip(cosines, self.least, 1.0)
        return (rows * factors[..., None]).reshape(value.shape).astype(value.dtype)


def _is_matrix(name: str, value: NDArray) -> bool:
    return name.endswith(".weight") and value.ndim > 1


def _moving_average(gradients: Iterable[Weights], weight: float) -> dict[str, NDArray]:
    mean: dict[str, NDArray] = {}
    for gradient in gradients:
        mean = {name: (1 - weight) * mean.get(name, 0) + weight * value for name, value in gradient.items()}
    return mean
