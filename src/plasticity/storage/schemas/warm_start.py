"""Tables of the warm-start study."""

from plasticity.storage.schemas.columns import CAPACITY, DIVERGED, NEURAL_COLLAPSE, OTHER_COLLAPSE, Column, columns

_RUN = columns(
    ("arm", "str", "name", "arm of the study, a key of the configuration"),
    ("seed", "int", "1", "seed of the run; all generators derive from it"),
    ("warm_up_epoch", "int", "epoch", "epochs of warm-up training behind the checkpoint"),
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
    ("fine_tune_epochs", "int", "epoch", "epochs of fine-tuning until the stop accuracy or the cap"),
    ("converged", "bool", "1", "the stop accuracy was reached within the cap"),
)

SCHEMAS: dict[str, tuple[Column, ...]] = {
    "split": columns(
        ("position", "int", "1", "position in the seed's random order of the training images used"),
        ("index", "int", "1", "row of the image in the prepared training set"),
        ("label", "int", "class", "its class"),
        ("warm_up", "bool", "1", "it belongs to the warm-up half; the full set is all rows"),
    ),
    "history": columns(
        ("stage", "str", "name", "warm_up, fine_tune or pre_train"),
        ("run", "str", "name", "warm-up of the row, or arm of the fine-tuning"),
        ("seed", "int", "1", "seed of the run"),
        ("warm_up_epoch", "int", "epoch", "checkpoint the fine-tuning starts from; 0 for a warm-up"),
        ("epoch", "int", "epoch", "epoch of this training, from 1"),
        ("loss", "float", "nat", "running cross-entropy of the epoch"),
        ("accuracy", "float", "fraction", "running training accuracy of the epoch, in train mode"),
        ("penalty", "float", "1", "mean of the penalty term before its weight; missing without a penalty"),
    ),
    "collapse": _RUN + NEURAL_COLLAPSE + OTHER_COLLAPSE + CAPACITY + _ACCURACY + _ACCURACY_BEFORE + DIVERGED,
    "fine_tune": _RUN + _OUTCOME + DIVERGED,
    "metrics": _RUN
    + NEURAL_COLLAPSE
    + _ACCURACY
    + _OUTCOME
    + columns(("plasticity_gap", "float", "fraction", "full_test_accuracy of random_init at this seed, minus this"))
    + OTHER_COLLAPSE
    + CAPACITY
    + _ACCURACY_BEFORE
    + DIVERGED,
}
