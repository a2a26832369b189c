"""What is done to a network between two tasks.

An intervention is a function of the checkpoint's weights and of a freshly initialised network's weights; a new one is
a function here, its entry in `INTERVENTIONS`, and its parameters in `plasticity.config.catalogue`. The modules of torch
are not needed: an intervention works on plain tensors by name.
"""

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from plasticity.errors import PlasticityError

Weights = Mapping[str, NDArray]
Intervention = Callable[..., dict[str, NDArray]]

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def is_buffer(name: str) -> bool:
    """Say whether a tensor's name is a batch-norm statistic rather than a trained parameter."""
    return name.rsplit(".", 1)[-1] in _BUFFERS


def shrink_perturb(
    weights: Weights, fresh: Weights, *, shrink: float, perturb: float, batch_norm: str
) -> dict[str, NDArray]:
    """Return θ' = shrink·θ + perturb·θ_fresh (Ash & Adams 2020).

    The noise is a fresh network of the same architecture, so each kind of parameter is perturbed at its own scale; in
    Bonifazi et al. (2024) the text says N(0, 2/n), the released code does this.

    Args:
        weights: Parameters and buffers of the checkpoint, by name.
        fresh: The same of a freshly initialised network.
        shrink: λ, in [0, 1].
        perturb: B, not negative.
        batch_norm: Running statistics: "keep" leaves those of the checkpoint (as the released code does, although they
            belong to the unshrunk weights), "fresh" and "recalibrate" take the initial ones; the stage then estimates
            them anew for "recalibrate".
    """
    source = weights if batch_norm == "keep" else fresh
    return {
        name: source[name].copy()
        if is_buffer(name)
        else (shrink * value + perturb * fresh[name]).astype(value.dtype, copy=False)
        for name, value in weights.items()
    }


INTERVENTIONS: dict[str, Intervention] = {"shrink_perturb": shrink_perturb}


def intervened(weights: Weights, fresh: Weights, intervention: Mapping[str, Any]) -> dict[str, NDArray]:
    """Return the weights after the named intervention.

    Args:
        weights: Parameters and buffers of the checkpoint, by name.
        fresh: The same of a freshly initialised network.
        intervention: Name and parameters, as in the configuration.

    Raises:
        PlasticityError: If the name is unknown.
    """
    parameters = {key: value for key, value in intervention.items() if key != "name"}
    name = intervention["name"]
    if name not in INTERVENTIONS:
        raise PlasticityError(f"intervention.name: expected one of {sorted(INTERVENTIONS)}, got {name!r}")
    return INTERVENTIONS[name](weights, fresh, **parameters)
