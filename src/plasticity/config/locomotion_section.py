"""Sections of the configuration about locomotion: a body on ground of changing friction, and how its policy learns."""

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from plasticity.config.component import Chosen, chosen
from plasticity.config.settings import Settings, setting
from plasticity.config.training_section import Method

Friction = Annotated[float, Field(gt=0)]


class Frictions(Settings):
    """Frictions of the ground, one per task (Dohare et al. 2024)."""

    lowest: float = setting("Smallest friction drawn.", unit="1", gt=0, default=0.02)
    highest: float = setting("Largest friction drawn.", unit="1", gt=0, default=2.0)
    first: tuple[Friction, ...] = setting(
        "Frictions of the first tasks; those of the others are drawn log-uniformly from the seed.", unit="1", default=()
    )
    rows: tuple[tuple[Friction, ...], ...] | None = setting(
        "Instead of `first`, frictions of the first tasks of each seed: seed s has row s, counted from 0, as in the "
        "released code of Dohare et al. (2024).",
        unit="1",
        default=None,
    )

    def of_seed(self, seed: int) -> tuple[float, ...]:
        """Return the frictions of a seed's first tasks that are not drawn."""
        return self.rows[seed] if self.rows else self.first

    @model_serializer(mode="wrap")
    def _as_given(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave rows out that were not given: runs without them stay what they were."""
        return {key: value for key, value in serialise(self).items() if value is not None}

    @model_validator(mode="after")
    def _ascending(self) -> "Frictions":
        if self.highest < self.lowest:
            raise ValueError(f"expected highest at least lowest {self.lowest:g}, got {self.highest:g}")
        return self


class Ground(Settings):
    """A MuJoCo environment of Gymnasium whose friction changes."""

    name: str = setting("Gymnasium's name for the environment.", unit="name", default="Ant-v5", min_length=1)
    options: dict[str, bool | int | float | str] = setting(
        "Arguments of the environment. In that of Dohare et al. (2024) all contact forces were zero: "
        "include_cfrc_ext_in_observation: false, contact_cost_weight: 0.",
        unit="mapping",
        default={},
    )
    frictions: Frictions = setting("Frictions of the tasks.", unit="mapping", default=Frictions())
    change_every: int = setting(
        "Steps per task; the friction changes when the episode then under way ends.",
        unit="steps",
        ge=1,
        default=2_000_000,
    )
    tasks: int = setting("Number of tasks.", unit="tasks", ge=1, default=10)

    @property
    def steps(self) -> int:
        """Length of the training in steps of the environment."""
        return self.tasks * self.change_every


class PolicyLearning(Method):
    """Proximal policy optimisation (Schulman et al. 2017); defaults from Dohare et al. (2024)."""

    rollout: int = setting("Steps of the environment between two updates.", unit="steps", ge=2, default=2_048)
    epochs: int = setting("Epochs of an update over these steps.", unit="epochs", ge=1, default=10)
    batch_size: int = setting("Steps per gradient step; a divisor of `rollout`.", unit="steps", ge=1, default=128)
    learning_rate: float = setting("Learning rate.", unit="1", gt=0, default=0.0001)
    optimizer: Annotated[Chosen | None, chosen("optimizer", "The optimizer; if absent, Adam.")] = None
    weight_decay: float = setting("Weight decay (L2).", unit="1", ge=0, default=0.0)
    penalty: Annotated[
        Chosen | None, chosen("penalty", "Term added to the losses of actor and critic; if absent, none.")
    ] = None
    discount: float = setting("Discount factor γ.", unit="1", ge=0, le=1, default=0.99)
    trace: float = setting("Decay λ of generalised advantage estimation.", unit="1", ge=0, le=1, default=0.95)
    clip: float = setting("Largest rewarded change of the probability ratio.", unit="1", gt=0, default=0.2)
    value_weight: float = setting("Factor of the critic's squared error.", unit="1", gt=0, default=1.0)
    log_std: float = setting("Initial logarithm of the actions' standard deviation.", unit="1", default=0.0)
