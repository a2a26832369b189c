"""Tables of the permuted study."""

from plasticity.storage.schemas import Table, columns
from plasticity.studies.shared_columns import DIVERGED, EXPERIMENT_RUN, NEURAL_COLLAPSE, OTHER_METRICS

UPDATE_NORM = "update_norm"

MEASURED = NEURAL_COLLAPSE + OTHER_METRICS

_ONLINE = columns(
    (
        "online_accuracy",
        "float",
        "fraction",
        "share of a task's steps with a correct prediction before the update",
    ),
)

_ONLINE_MORE = columns(
    ("last_epoch_accuracy", "float", "fraction", "online accuracy of the task's last epoch"),
    ("train_accuracy", "float", "fraction", "accuracy on the task's training images after training on it"),
    (
        UPDATE_NORM,
        "float",
        "1",
        "L2 norm of the change of all parameters from the task's start, after any intervention, to its end",
    ),
)

_TASK = columns(
    (
        "test_accuracy",
        "float",
        "fraction",
        "accuracy on the task's test images after training on it; missing without test images",
    ),
    (
        "classes",
        "str",
        "numbers",
        "classes of the data set behind the task's labels 0, 1, ...; missing if every task has all classes",
    ),
)

FIRST_TASK = Table(
    "first_task",
    columns(
        ("seed", "int", "1", "seed of the run"),
        ("epoch", "int", "epoch", "epoch on the first task, from 1"),
    )
    + _ONLINE
    + NEURAL_COLLAPSE
    + _ONLINE_MORE
    + OTHER_METRICS
    + DIVERGED
    + _TASK,
)

FOLLOWING_TASKS = Table(
    "following_tasks",
    EXPERIMENT_RUN
    + columns(
        ("first_task_epochs", "int", "epoch", "epochs on the first task"),
        ("task", "int", "1", "number of the task; the first task is 1, rows start with the second"),
    )
    + _ONLINE
    + NEURAL_COLLAPSE
    + _ONLINE_MORE
    + OTHER_METRICS
    + DIVERGED
    + _TASK,
)

PERMUTED = Table(
    "permuted",
    EXPERIMENT_RUN
    + columns(
        ("first_task_epochs", "int", "epoch", "epochs on the first task"),
        ("nc1_threshold", "float", "1", "NC1 threshold that stops the first task; missing for a fixed length"),
        ("task", "int", "1", "number of the task; the first is 1"),
    )
    + _ONLINE
    + NEURAL_COLLAPSE
    + columns(
        (
            "threshold_reached",
            "bool",
            "1",
            "NC1 fell below the threshold within the maximum number of epochs; missing without a threshold",
        ),
        (
            "fresh_accuracy",
            "float",
            "fraction",
            "online accuracy of a fresh network, trained like the arm, on this task and seed",
        ),
        ("plasticity_gap", "float", "fraction", "fresh_accuracy − online_accuracy; missing where budgets differ"),
        (
            "published_plasticity_loss",
            "float",
            "fraction",
            "online accuracy on the first task, mean over its epochs, minus that on this one (Bonifazi et al. 2024)",
        ),
    )
    + _ONLINE_MORE
    + OTHER_METRICS
    + DIVERGED
    + _TASK
    + columns(
        ("fresh_test_accuracy", "float", "fraction", "test_accuracy of the fresh network of fresh_accuracy"),
        ("test_gap", "float", "fraction", "fresh_test_accuracy − test_accuracy; missing where budgets differ"),
    ),
)
