"""Sections of the configuration about agents: the environment, and how they learn."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from plasticity.config.component import Chosen, chosen
from plasticity.config.settings import Settings, setting
from plasticity.config.training_section import Method, Optimisation

RewardKind = Literal["true_label", "random_label", "sparse"]
"""Environments: block MDPs (Lyle et al. 2023, section 5.1) by what they reward."""


class TwoHot(Settings):
    """Values as categories (Lyle et al. 2023, appendix A.2)."""

    lowest: float = setting("Smallest value.", unit="1", default=0.0)
    highest: float = setting("Largest value.", unit="1", default=100.0)
    bins: Annotated[int, Field(ge=2)] = setting("Number of evenly spaced bins.", unit="1", default=51)

    @model_validator(mode="after")
    def _ascending(self) -> "TwoHot":
        if self.highest <= self.lowest:
            raise ValueError(f"expected highest above lowest {self.lowest:g}, got {self.highest:g}")
        return self


class QLearning(Method):
    """Deep Q-learning (Mnih et al. 2015) with one update per step of the environment."""

    batch_size: int = setting("Transitions per update (batch size).", unit="transitions", ge=1, default=512)
    learning_rate: float = setting("Learning rate.", unit="1", gt=0, default=0.001)
    optimizer: Annotated[Chosen | None, chosen("optimizer", "The optimizer; if absent, plain gradient descent.")] = None
    weight_decay: float = setting("Weight decay (L2).", unit="1", ge=0, default=0.0)
    penalty: Annotated[Chosen | None, chosen("penalty", "Term added to the loss; if absent, none.")] = None
    discount: float = setting("Discount factor.", unit="1", ge=0, lt=1, default=0.99)
    exploration: float = setting("Probability of a random action.", unit="1", ge=0, le=1, default=0.1)
    replay: int = setting("Replay memory of each agent.", unit="transitions", ge=1, default=50_000)
    target_period: int = setting("Steps between updates of the target network.", unit="steps", ge=1, default=5_000)
    double: bool = setting(
        "Double Q-learning: trained network selects, target network evaluates (van Hasselt et al. 2016).",
        unit="1",
        default=False,
    )
    brownian: bool = setting(
        "Brownian motion: instead of the network that acts and learns, keep a second one that starts as it does and "
        "takes random steps as long as its updates (Lyle et al. 2023, Figure 2).",
        unit="1",
        default=False,
    )
    two_hot: TwoHot | None = setting(
        "Categorical values, learned by cross-entropy; if absent, scalar values by squared error.",
        unit="mapping",
        default=None,
    )

    @property
    def optimisation(self) -> Optimisation:
        """What a plasticity probe takes from the training behind a checkpoint."""
        return Optimisation(optimizer=self.optimizer, learning_rate=self.learning_rate)
