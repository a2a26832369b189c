"""FIRE: weights become the nearest isometry."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plasticity.config.settings import setting
from plasticity.training.interventions.intervention import Intervention, NetworkState


class Fire(Intervention, name="fire"):
    """Frobenius-isometry reinitialisation (Han et al. 2026): W ← √(out/in) · W(WᵀW)^(−1/2), the scaled polar factor.

    Every linear layer is replaced by the nearest matrix whose singular values are equal, as is each of a convolution's
    k·k matrices (out, in), also scaled by 1/(k·k), as in the released code. Biases, normalisations and the
    optimizer's state stay.
    """

    iterations: int = setting(
        "Newton-Schulz iterations X ← 1.5·X − 0.5·X·Xᵀ·X from W/‖W‖_F, 10 in the released code; 0 for the exact "
        "factor by a singular value decomposition.",
        unit="iterations",
        default=10,
        ge=0,
    )

    def __call__(self, state: NetworkState) -> NetworkState:
        """Replace all weight matrices."""
        weights = {
            name: self._isometry(value) if name.endswith("weight") and value.ndim in {2, 4} else value
            for name, value in state.weights.items()
        }
        return replace(state, weights=weights)

    def _isometry(self, weight: NDArray) -> NDArray:
        """Return the isometry of a matrix (out, in), or of a convolution's (out, in, k, k)."""
        matrices = np.moveaxis(weight, (0, 1), (-2, -1)).astype(np.float64)
        scale = np.sqrt(weight.shape[0] / weight.shape[1]) / np.prod(weight.shape[2:])
        factor = scale * polar_factor(matrices, self.iterations)
        return np.ascontiguousarray(np.moveaxis(factor, (-2, -1), (0, 1)), dtype=weight.dtype)


def polar_factor(matrices: NDArray[np.float64], iterations: int) -> NDArray[np.float64]:
    """Return U·Vᵀ of matrices (..., m, n) = U·S·Vᵀ, exactly (0) or by Newton-Schulz iterations."""
    if not iterations:
        left, _, right = np.linalg.svd(matrices, full_matrices=False)
        return left @ right
    x = matrices / np.maximum(np.linalg.norm(matrices, axis=(-2, -1), keepdims=True), np.finfo(np.float64).tiny)
    for _ in range(iterations):
        x = 1.5 * x - 0.5 * (x @ np.swapaxes(x, -2, -1)) @ x
    return x
