"""Sections of the configuration that say how a network is trained."""

from typing import Annotated, Literal, Self

from pydantic import Field

from plasticity.config.component import Chosen, chosen
from plasticity.config.settings import Settings, setting

LearningRate = Annotated[float, setting("Learning rate (constant).", unit="1", gt=0)]
AnnealedRate = Annotated[float, setting("Learning rate at the first iteration.", unit="1", gt=0)]
Momentum = Annotated[float, setting("Momentum, for optimizers that have one.", unit="1", ge=0, lt=1)]
WeightDecay = Annotated[
    float, setting("Weight decay: factor of the weights added to the gradient (L2).", unit="1", ge=0)
]
BatchSize = Annotated[int, setting("Batch size; batch normalisation needs at least two.", unit="images", ge=2)]
OnlineBatchSize = Annotated[
    int,
    setting("Batch size; 1 is online learning, which uses the compiled kernel on a CPU.", unit="images", ge=1),
]
Annealing = Annotated[
    Literal["none", "cosine"],
    setting("Learning-rate schedule: constant, or cosine annealing to zero, per iteration.", unit="name"),
]
Penalty = Annotated[Chosen, chosen("penalty", "Term added to the cross-entropy.")]
Tasks = Annotated[Chosen, chosen("tasks", "What differs from task to task; null removes an option set in config.yaml.")]
Model = Annotated[Chosen, chosen("model", "The network; null removes an option set in config.yaml.")]
Intervention = Annotated[
    Chosen,
    chosen(
        "intervention",
        "Intervention on the network before the next task; its numbers may be lists.",
        lists=True,
    ),
]
_Hook = Annotated[Chosen, chosen("hook", "A step hook, applied between steps.")]


class Method(Settings):
    """How gradients become steps, whatever the lengths and sizes of a training."""

    optimizer: Annotated[
        Chosen | None, chosen("optimizer", "The optimizer; if absent, plain stochastic gradient descent (sgd).")
    ] = None
    hooks: Annotated[tuple[_Hook, ...] | None, Field(min_length=1)] = setting(
        "Step hooks, applied between steps in this order; if absent, none.", unit="mapping", default=None
    )


class Training(Method):
    """A training by a constant or annealed step size."""

    learning_rate: LearningRate
    weight_decay: WeightDecay
    batch_size: BatchSize


class Optimisation(Method):
    """What every step of a training reads, in whichever section it stands and however long the training is."""

    learning_rate: LearningRate
    weight_decay: WeightDecay = 0.0
    batch_size: OnlineBatchSize = 1
    momentum: Momentum = 0.0
    penalty: Penalty | None = None

    @classmethod
    def of_section(cls, section: Method, **others: float) -> Self:
        """Return what a section says of each step; keys that it does not have, such as `momentum`, are as usual.

        Args:
            section: A training's section of the configuration.
            **others: Values in place of the section's.
        """
        said = {key: getattr(section, key) for key in cls.model_fields if key in type(section).model_fields}
        return cls(**{**said, **others})


class IterationTraining(Optimisation):
    """A training that is counted in iterations."""

    iterations: int = Field(ge=1)
    annealing: Annealing = "none"
    stop_loss: float | None = Field(default=None, gt=0)
