"""Terms that may be added to the cross-entropy: weight · min(value, cap).

A penalty is a function of the batch's features and labels; a new one is a function here, its entry in `PENALTIES`,
and its parameters in `plasticity.catalogue`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

Penalty = Callable[[Tensor, Tensor, int], Tensor]

# Relative cut-off of the Gram matrix's eigenvalues: float32 features carry a relative noise of 1e-7, their squares
# 1e-14; directions below it are rounding, not class structure.
_RELATIVE_CUT = 1e-10
# Means that differ by less than 1e-13 of the features' length are equal but for the rounding of their float64 sums.
_ROUNDING = 1e-26


def nc1(features: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Return Tr(Σ_W Σ_B†)/C of one batch, differentiable (Bonifazi et al. 2024; Papyan et al. 2020, NC1).

    With M = [μ_c − μ_G] (d×C) and G = MᵀM, Σ_B = MMᵀ/C has the pseudo-inverse C·M G†² Mᵀ, so the trace is
    ‖P G†‖²_F/N with P = (h_i − μ_{y_i})ᵀM: no d×d matrix is formed. A class absent from the batch has no column in
    Σ_B (the released code puts its mean at the origin, which is an artefact) and C counts the classes present.

    Args:
        features: Last-layer features (B, d).
        labels: Classes (B,).
        num_classes: Number of classes of the data set.

    Returns:
        A scalar in float64; zero, without gradient, when fewer than two classes are present or all means coincide;
        NaN when a feature is not finite.
    """
    h = features.double()
    one_hot = torch.nn.functional.one_hot(labels, num_classes).to(h.dtype)
    counts = one_hot.sum(0)
    present = (counts > 0).to(h.dtype)
    means = (one_hot.T @ h) / counts.clamp(min=1)[:, None]
    centred = (means - h.mean(0)) * present[:, None]
    residuals = h - one_hot @ means
    gram = centred @ centred.T
    gram = torch.where(torch.isfinite(gram).all(), gram, 0.0)  # a diverged network's would stop the eigenvalue solver
    noise = _ROUNDING * h.detach().square().sum(1).max()
    inverse = torch.linalg.pinv(gram, atol=noise, rtol=torch.full_like(noise, _RELATIVE_CUT), hermitian=True)
    projected = residuals @ centred.T @ inverse
    return projected.square().sum() / len(h)


PENALTIES: dict[str, Penalty] = {"nc1": nc1}


def penalty_term(settings: Mapping[str, Any], value: Tensor) -> Tensor:
    """Return weight · min(value, cap); above the cap the gradient is zero, as in the released code."""
    cap = settings.get("cap")
    return settings["weight"] * (value if cap is None else value.clamp(max=cap))
