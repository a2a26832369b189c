"""What the stages of locomotion see of the configuration, as in `slices.py`."""

from plasticity.config.component import Chosen
from plasticity.config.landscape_section import MeasureLandscape
from plasticity.config.locomotion_section import Ground, PolicyLearning
from plasticity.config.settings import Settings
from plasticity.config.training_section import Optimisation


class LocomotionSettings(Settings):
    """An arm: the ground its agents walk on, and the network of actor and critic."""

    experiment: str
    arm: str
    ground: Ground
    model: Chosen


class TrainPolicySettings(LocomotionSettings):
    """A training on one ground after the other."""

    learning: PolicyLearning


class PolicyMeasure(MeasureLandscape):
    """What is measured of the actor at every change of friction, with observations as images."""


class MeasurePoliciesSettings(LocomotionSettings):
    """How the checkpoints of an arm are measured; `training` is that behind them, where a probe reads it."""

    measure: PolicyMeasure
    training: Optimisation | None = None


class AssembleLocomotionSettings(Settings):
    """The arms of the study's tables, in their order."""

    arms: tuple[str, ...]
    ground: Ground
