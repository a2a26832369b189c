"""Tables of the train-test study."""

from plasticity.storage.schemas import Table, columns
from plasticity.studies.shared_columns import DIVERGED, EXPERIMENT_RUN, NEURAL_COLLAPSE

_CHECKPOINT = EXPERIMENT_RUN + columns(
    ("iteration", "int", "iteration", "training steps on the first task at the checkpoint"),
)

_VARIANCES = columns(
    (
        "train_variance",
        "float",
        "1",
        "E‖h − μ_y‖²/E_c‖μ_c − μ‖² on training images, class means of the last checkpoint",
    ),
    ("strong_test_variance", "float", "1", "the same on test images, with the class means of test images"),
    ("weak_test_variance", "float", "1", "the same with the nearest k-means centre of the test images"),
)

_OWN_VARIANCES = columns(
    ("own_train_variance", "float", "1", "train_variance with the class means of this checkpoint"),
    ("own_strong_test_variance", "float", "1", "strong_test_variance with the class means of this checkpoint"),
    ("own_weak_test_variance", "float", "1", "weak_test_variance with the k-means centres of this checkpoint"),
)

_NEXT_TASK = _CHECKPOINT + columns(
    ("learning_rate", "float", "1", "learning rate on the next task, before annealing"),
    ("train_loss", "float", "nat", "running cross-entropy of the last epoch on the next task"),
    ("train_accuracy", "float", "fraction", "accuracy on the training images of the next task, after training"),
    (
        "validation_accuracy",
        "float",
        "fraction",
        "accuracy on held-out training images, used to choose the learning rate",
    ),
    ("test_accuracy", "float", "fraction", "accuracy on the test images of the next task, after training"),
)

_NC1 = NEURAL_COLLAPSE[:1]

VARIANCES = Table(
    "variances",
    _CHECKPOINT
    + columns(
        ("train_size", "int", "images", "training images of the first task"),
        ("test_size", "int", "images", "test images of the first task"),
        ("layer", "int", "1", "hidden layer, counted from the input; the first is 1"),
        ("last_layer", "bool", "1", "whether it is the last hidden layer, the input of the classifier"),
    )
    + _VARIANCES
    + _OWN_VARIANCES
    + _NC1
    + columns(
        ("train_accuracy", "float", "fraction", "accuracy on the training images of the first task"),
        ("test_accuracy", "float", "fraction", "accuracy on its test images"),
    )
    + DIVERGED,
)

NEXT_TASK = Table(
    "next_task",
    _NEXT_TASK + DIVERGED,
)

TRANSFER = Table(
    "transfer",
    _NEXT_TASK
    + columns(
        ("chosen", "bool", "1", "learning rate with the best validation accuracy; the smaller one in a tie"),
        ("chosen_on_test", "bool", "1", "learning rate with the best test accuracy, as published; ties as in chosen"),
    )
    + _VARIANCES
    + _OWN_VARIANCES
    + _NC1
    + DIVERGED,
)
