"""Tables of the study of locomotion."""

from plasticity.storage.schemas import Table, columns
from plasticity.studies.shared_columns import DIVERGED, EXPERIMENT_RUN

_TASK = columns(
    ("task", "int", "1", "number of the task, from 1; 0 is before training"),
    ("friction", "float", "1", "friction of the ground in the task; missing before training"),
)

_UPDATES = columns(
    ("step", "int", "steps", "steps of the environment at the end of the update"),
    ("task", "int", "1", "number of the task in which the update's steps began"),
    ("friction", "float", "1", "friction of the ground there"),
    ("episodes", "int", "episodes", "episodes that ended in the update's steps"),
    ("episode_return", "float", "1", "mean return (sum of rewards) of these episodes; missing if there are none"),
    ("episode_length", "float", "steps", "mean length of these episodes"),
    ("reward", "float", "1", "mean reward per step"),
    ("policy_loss", "float", "1", "mean of the clipped objective over the gradient steps, times −1"),
    ("value_loss", "float", "1", "mean squared error of the critic's values over the gradient steps"),
)

_QUANTITIES = (
    ("effective_rank", "1", "effective rank of the outputs of the last hidden layer"),
    ("dead_units", "fraction", "share of the units of all hidden layers that are zero on all observations"),
    ("weight_norm", "1", "Frobenius norm of all weights and biases"),
    ("weight_rank", "1", "effective rank of a hidden layer's weights, mean over layers"),
)

MEASURED = columns(
    *((name, "float", unit, f"actor: {meaning}") for name, unit, meaning in _QUANTITIES),
    *((f"critic_{name}", "float", unit, f"critic: {meaning}") for name, unit, meaning in _QUANTITIES),
    ("action_std", "float", "1", "standard deviation of the actions, geometric mean over their components"),
)

_STEP = columns(("step", "int", "steps", "steps of the environment before the checkpoint"))

POLICY_HISTORY = Table("policy_history", columns(("seed", "int", "1", "seed of the run")) + _UPDATES + DIVERGED)

RETURNS = Table("returns", EXPERIMENT_RUN + _UPDATES + DIVERGED)

POLICY_CHECKPOINTS = Table(
    "policy_checkpoints",
    EXPERIMENT_RUN
    + columns(("task", "int", "1", "number of the task that ends; 0 is before training"))
    + _STEP
    + MEASURED
    + DIVERGED,
)

LOCOMOTION = Table(
    "locomotion",
    EXPERIMENT_RUN
    + _TASK
    + _STEP
    + columns(
        ("first_return", "float", "1", "mean return of the episodes in the first tenth of the task"),
        ("task_return", "float", "1", "mean return of the episodes of the task"),
        ("last_return", "float", "1", "mean return of the episodes in the last tenth of the task"),
        ("next_return", "float", "1", "mean return of the episodes of the next task; missing for the last one"),
    )
    + MEASURED
    + DIVERGED,
)
