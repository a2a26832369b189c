"""Regularisation towards the initial weights."""

from typing import ClassVar

from torch import Tensor

from plasticity.config.settings import setting
from plasticity.training.forward import Forward
from plasticity.training.penalties.penalty import Penalty


class L2Init(Penalty, name="l2_init"):
    """L2 Init: weight · ‖θ − θ₀‖² over all parameters (Kumar, Marklund & Van Roy 2023), θ₀ the initialisation.

    As printed, without a factor of one half: the gradient is 2·weight·(θ − θ₀), so that it pulls towards θ₀ as hard as
    a `weight_decay` of twice the weight pulls towards zero.
    """

    reads_initial: ClassVar[bool] = True
    recordable: ClassVar[bool] = True
    in_compiled_loop: ClassVar[bool] = True
    weighs_distance_by: ClassVar[str] = "weight"

    weight: float = setting("Factor of the squared distance; 1e-5 to 1e-2 in Kumar et al. (2023).", unit="nat", ge=0)

    def __call__(self, forward: Forward) -> Tensor:
        """Return ‖θ − θ₀‖²."""
        initial, parameters = forward.initial_parameters, forward.parameters
        distances = [(parameter - initial[name]).square().sum() for name, parameter in parameters.items()]
        return sum(distances[1:], start=distances[0])

    def term(self, value: Tensor) -> Tensor:
        """Return weight · value."""
        return self.weight * value
