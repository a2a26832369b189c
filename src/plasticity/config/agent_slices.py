"""What the stages of agents see of the configuration, as in `slices.py`."""

from plasticity.config.agent_section import QLearning, RewardKind, TwoHot
from plasticity.config.component import Chosen
from plasticity.config.measure_section import MeasureNetwork
from plasticity.config.settings import Settings
from plasticity.config.training_section import Optimisation


class AgentSettings(Settings):
    """Agents of an arm: what they see, and their network; `train_size` images are drawn from each seed."""

    experiment: str
    arm: str
    environment: RewardKind
    train_size: int | None
    model: Chosen


class TrainAgentsSettings(AgentSettings):
    """A training and its checkpoints, by step; 0 is before training. The intervention acts at every target update."""

    learning: QLearning
    checkpoints: tuple[int, ...]
    intervention: Chosen | None = None


class AgentMeasure(MeasureNetwork):
    """What is measured at every checkpoint besides the collapse metrics."""


class MeasureAgentsSettings(AgentSettings):
    """How the checkpoints of an arm are measured; `training` is that behind them, where a probe reads it."""

    two_hot: TwoHot | None
    measure: AgentMeasure
    training: Optimisation | None = None


class AssembledAgents(Settings):
    """An arm in the study's table, by what groups its agents."""

    name: str
    network: str
    optimizer: str
    target_period: int


class AssembleAgentsSettings(Settings):
    """The arms of the study's table, in its order."""

    arms: tuple[AssembledAgents, ...]


class FalsifySettings(Settings):
    """Level of the intervals of the falsification test."""

    confidence: float
