"""The table of training curves, which every stage that trains by epochs writes."""

from plasticity.storage.schemas import Table, columns

HISTORY = Table(
    "history",
    columns(
        ("stage", "str", "name", "warm_up, fine_tune or pre_train"),
        ("run", "str", "name", "warm-up of the row, or arm of the fine-tuning"),
        ("seed", "int", "1", "seed of the run"),
        ("warm_up_epoch", "int", "epoch", "checkpoint the fine-tuning starts from; 0 for a warm-up"),
        ("epoch", "int", "epoch", "epoch of this training, from 1"),
        ("loss", "float", "nat", "running cross-entropy of the epoch"),
        ("accuracy", "float", "fraction", "running training accuracy of the epoch, in train mode"),
        ("penalty", "float", "1", "mean of the penalty term before weighting; missing without a penalty"),
    ),
)
