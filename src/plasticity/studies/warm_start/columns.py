"""Tables of the warm-start study."""

from plasticity.storage.schemas import Table, columns
from plasticity.studies.shared_columns import DIVERGED, NEURAL_COLLAPSE, OTHER_METRICS

_RUN = columns(
    ("arm", "str", "name", "arm of the study, a key of the configuration"),
    ("seed", "int", "1", "seed of the run; all generators derive from it"),
    ("warm_up_epoch", "int", "epoch", "warm-up epochs at the checkpoint"),
)

_OTHER_METRICS = (
    columns(
        ("nc1_train_mode", "float", "1", "NC1 with batch normalisation in train mode, as measured by the released code")
    )
    + OTHER_METRICS
)

_ACCURACY = columns(
    ("warm_up_train_accuracy", "float", "fraction", "accuracy on the warm-up half, before fine-tuning"),
    ("warm_up_test_accuracy", "float", "fraction", "accuracy on the test set, before fine-tuning"),
)

_ACCURACY_BEFORE = columns(
    ("full_train_accuracy_before", "float", "fraction", "accuracy on the full training set, before fine-tuning"),
)

_OUTCOME = columns(
    ("full_train_accuracy", "float", "fraction", "running training accuracy of the last fine-tuning epoch"),
    ("full_test_accuracy", "float", "fraction", "test accuracy after fine-tuning on the full training set"),
    ("fine_tune_epochs", "int", "epoch", "fine-tuning epochs until the stop accuracy or the maximum"),
    ("converged", "bool", "1", "whether the stop accuracy was reached within the maximum number of epochs"),
)

SPLIT = Table(
    "split",
    columns(
        ("position", "int", "1", "position in the seed's random order of the training images used"),
        ("index", "int", "1", "row of the image in the prepared training set"),
        ("label", "int", "class", "its class"),
        ("warm_up", "bool", "1", "whether it belongs to the warm-up half; the full set is all rows"),
    ),
)

COLLAPSE = Table("collapse", _RUN + NEURAL_COLLAPSE + _OTHER_METRICS + _ACCURACY + _ACCURACY_BEFORE + DIVERGED)

FINE_TUNE = Table("fine_tune", _RUN + _OUTCOME + DIVERGED)

METRICS = Table(
    "metrics",
    _RUN
    + NEURAL_COLLAPSE
    + _ACCURACY
    + _OUTCOME
    + columns(
        ("plasticity_gap", "float", "fraction", "full_test_accuracy of random_init at this seed, minus that of the row")
    )
    + _OTHER_METRICS
    + _ACCURACY_BEFORE
    + DIVERGED,
)
