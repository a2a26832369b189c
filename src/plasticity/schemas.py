"""Every Parquet table of the project: its columns, units and meaning, defined once.

Accuracies are fractions in [0, 1]. Only the table "benchmarks" holds times: the same configuration gives the same
numbers in all others.
"""

from dataclasses import dataclass

import pyarrow as pa

_TYPES = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}


@dataclass(frozen=True)
class Column:
    """One column: `kind` is one of str, int, float, bool; `unit` is a word, or 1 for a pure number."""

    name: str
    kind: str
    unit: str
    description: str

    def field(self) -> pa.Field:
        """Return the Arrow field, with unit and description as its metadata."""
        metadata = {"unit": self.unit, "description": self.description}
        return pa.field(self.name, _TYPES[self.kind], metadata=metadata)


def _columns(*rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


_RUN = _columns(
    ("arm", "str", "name", "arm of the study, a key of the configuration"),
    ("seed", "int", "1", "seed of the run; all generators derive from it"),
    ("warm_up_epoch", "int", "epoch", "epochs of warm-up training behind the checkpoint"),
)

_NEURAL_COLLAPSE = _columns(
    ("nc1", "float", "1", "within-class variability Tr(Σ_W Σ_B†)/C; 0 is full collapse"),
    ("nc2", "float", "1", "distance of WWᵀ/‖WWᵀ‖ from the simplex ETF, classifier weights (Zhu et al. 2021)"),
    ("nc3", "float", "1", "distance of WH/‖WH‖ from the simplex ETF, self-duality (Zhu et al. 2021)"),
    ("nc4", "float", "fraction", "agreement of the network with the nearest class mean; 1 is full collapse"),
)

_OTHER_COLLAPSE = _columns(
    ("nc1_train_mode", "float", "1", "NC1 with batch-norm in train mode, as the released code measured it"),
    ("nc2_equinorm_means", "float", "1", "coefficient of variation of class-mean norms (Papyan et al. 2020)"),
    ("nc2_equinorm_weights", "float", "1", "coefficient of variation of classifier norms (Papyan et al. 2020)"),
    ("nc2_equiangular_means", "float", "1", "SD of the cosines between centred class means (Papyan et al. 2020)"),
    ("nc2_equiangular_weights", "float", "1", "SD of the cosines between classifier rows (Papyan et al. 2020)"),
    ("nc2_maximal_angle_means", "float", "1", "mean |cos + 1/(C−1)| of centred class means (Papyan et al. 2020)"),
    ("nc2_maximal_angle_weights", "float", "1", "mean |cos + 1/(C−1)| of classifier rows (Papyan et al. 2020)"),
    ("nc3_self_duality", "float", "1", "‖W/‖W‖ − Hᵀ/‖H‖‖², classifier against class means (Papyan et al. 2020)"),
    ("nc4_disagreement", "float", "fraction", "1 − nc4 (Papyan et al. 2020); 0 is full collapse"),
    ("cdnv", "float", "1", "class-distance normalised variance, mean over pairs (Galanti et al. 2022)"),
)

_CAPACITY = _columns(
    ("weight_norm", "float", "1", "L2 norm of all trainable parameters"),
    ("effective_rank", "float", "1", "exp of the entropy of the features' singular values (Roy & Vetterli 2007)"),
    ("stable_rank", "float", "1", "‖A‖_F²/‖A‖₂² of the feature matrix"),
    ("approximate_rank", "int", "1", "singular values that hold 99 % of the squared mass"),
    ("dead_units", "float", "fraction", "ReLU units that stay zero on all probe images"),
)

_ACCURACY = _columns(
    ("warm_up_train_accuracy", "float", "fraction", "accuracy on the warm-up half, before fine-tuning"),
    ("warm_up_test_accuracy", "float", "fraction", "accuracy on the test set, before fine-tuning"),
)

_ACCURACY_BEFORE = _columns(
    ("full_train_accuracy_before", "float", "fraction", "accuracy on the full training set, before fine-tuning"),
)

_OUTCOME = _columns(
    ("full_train_accuracy", "float", "fraction", "running training accuracy of the last fine-tuning epoch"),
    ("full_test_accuracy", "float", "fraction", "test accuracy after fine-tuning on the full training set"),
    ("fine_tune_epochs", "int", "epoch", "epochs of fine-tuning until the stop accuracy or the cap"),
    ("converged", "bool", "1", "the stop accuracy was reached within the cap"),
)

_PERMUTED_RUN = _columns(
    ("experiment", "str", "name", "key of the arm in the configuration; a list there makes several arms of it"),
    ("arm", "str", "name", "arm of the study, with the value behind it where it was made from a list"),
    ("seed", "int", "1", "seed of the run; all generators derive from it"),
)

_ONLINE = _columns(
    (
        "online_accuracy",
        "float",
        "fraction",
        "share of a task's steps whose prediction before the update was right",
    ),
)

_ONLINE_MORE = _columns(
    ("last_epoch_accuracy", "float", "fraction", "online accuracy of the task's last epoch alone"),
    ("train_accuracy", "float", "fraction", "accuracy on the task's training images after it was learnt"),
)

_MEASURED = _OTHER_COLLAPSE[1:] + _CAPACITY  # without batch-norm there is no second mode to measure NC1 in

_DIVERGED = _columns(("diverged", "bool", "1", "weights or loss were not finite; the row's numbers are missing"))

_TRAIN_TEST_RUN = _columns(
    ("experiment", "str", "name", "key of the arm in the configuration; a list there makes several arms of it"),
    ("arm", "str", "name", "arm of the study, with the value behind it where it was made from a list"),
    ("seed", "int", "1", "seed of the run; all generators derive from it"),
    ("iteration", "int", "iteration", "steps of training on the first task behind the checkpoint"),
)

_VARIANCES = _columns(
    ("train_variance", "float", "1", "E‖h − μ_y‖²/E_c‖μ_c − μ‖² on training images, means of the last checkpoint"),
    ("strong_test_variance", "float", "1", "the same on test images, with the class means of test images"),
    ("weak_test_variance", "float", "1", "the same to the nearest k-means centre of the test images"),
)

_OWN_VARIANCES = _columns(
    ("own_train_variance", "float", "1", "train_variance with the means of this checkpoint"),
    ("own_strong_test_variance", "float", "1", "strong_test_variance with the means of this checkpoint"),
    ("own_weak_test_variance", "float", "1", "weak_test_variance with the k-means centres of this checkpoint"),
)

_NEXT_TASK = _TRAIN_TEST_RUN + _columns(
    ("learning_rate", "float", "1", "step size on the next task, before annealing"),
    ("train_loss", "float", "nat", "running cross-entropy of the last epoch on the next task"),
    ("train_accuracy", "float", "fraction", "accuracy on the training images of the next task, after training"),
    ("validation_accuracy", "float", "fraction", "accuracy on training images held out to choose the learning rate"),
    ("test_accuracy", "float", "fraction", "accuracy on the test images of the next task, after training"),
)

SCHEMAS: dict[str, tuple[Column, ...]] = {
    "split": _columns(
        ("position", "int", "1", "position in the seed's random order of the training images used"),
        ("index", "int", "1", "row of the image in the prepared training set"),
        ("label", "int", "class", "its class"),
        ("warm_up", "bool", "1", "it belongs to the warm-up half; the full set is all rows"),
    ),
    "history": _columns(
        ("stage", "str", "name", "warm_up, fine_tune or pre_train"),
        ("run", "str", "name", "warm-up of the row, or arm of the fine-tuning"),
        ("seed", "int", "1", "seed of the run"),
        ("warm_up_epoch", "int", "epoch", "checkpoint the fine-tuning starts from; 0 for a warm-up"),
        ("epoch", "int", "epoch", "epoch of this training, from 1"),
        ("loss", "float", "nat", "running cross-entropy of the epoch"),
        ("accuracy", "float", "fraction", "running training accuracy of the epoch, in train mode"),
        ("penalty", "float", "1", "mean of the penalty term before its weight; missing without a penalty"),
    ),
    "collapse": _RUN + _NEURAL_COLLAPSE + _OTHER_COLLAPSE + _CAPACITY + _ACCURACY + _ACCURACY_BEFORE + _DIVERGED,
    "fine_tune": _RUN + _OUTCOME + _DIVERGED,
    "metrics": _RUN
    + _NEURAL_COLLAPSE
    + _ACCURACY
    + _OUTCOME
    + _columns(("plasticity_gap", "float", "fraction", "full_test_accuracy of random_init at this seed, minus this"))
    + _OTHER_COLLAPSE
    + _CAPACITY
    + _ACCURACY_BEFORE
    + _DIVERGED,
    "first_task": _columns(
        ("seed", "int", "1", "seed of the run"),
        ("epoch", "int", "epoch", "epoch on the first task, from 1"),
    )
    + _ONLINE
    + _NEURAL_COLLAPSE
    + _ONLINE_MORE
    + _MEASURED
    + _DIVERGED,
    "following_tasks": _PERMUTED_RUN
    + _columns(
        ("first_task_epochs", "int", "epoch", "epochs on the first task"),
        ("task", "int", "1", "number of the task; the first task is 1, rows start with the second"),
    )
    + _ONLINE
    + _NEURAL_COLLAPSE
    + _ONLINE_MORE
    + _MEASURED
    + _DIVERGED,
    "permuted": _PERMUTED_RUN
    + _columns(
        ("first_task_epochs", "int", "epoch", "epochs on the first task"),
        ("nc1_threshold", "float", "1", "the first task ended when NC1 fell below this; missing for a fixed length"),
        ("task", "int", "1", "number of the task, a permutation of the pixels; the first is 1"),
    )
    + _ONLINE
    + _NEURAL_COLLAPSE
    + _columns(
        (
            "threshold_reached",
            "bool",
            "1",
            "NC1 fell below the threshold within the cap; missing without one",
        ),
        ("fresh_accuracy", "float", "fraction", "online accuracy of random_init on this task at this seed"),
        ("plasticity_gap", "float", "fraction", "fresh_accuracy − online_accuracy; missing where budgets differ"),
        (
            "published_plasticity_loss",
            "float",
            "fraction",
            "online accuracy on the first task, mean of its epochs, minus on this one (Bonifazi et al. 2024)",
        ),
    )
    + _ONLINE_MORE
    + _MEASURED
    + _DIVERGED,
    "published": _columns(
        ("study", "str", "name", "study that the published number or shape is about"),
        ("claim", "str", "name", "its key in src/plasticity/published/<study>.yaml"),
        ("quantity", "str", "text", "what it is, in words"),
        ("source", "str", "text", "the paper"),
        ("basis", "str", "name", "where it stands: text, table, figure, or released data"),
        ("kind", "str", "name", "number or shape"),
        ("unit", "str", "name", "unit of the numbers of the row: fraction, or 1 for a pure number"),
        ("published", "float", "see unit", "the published number; missing for a range and for a shape"),
        ("published_sd", "float", "see unit", "its standard deviation over seeds, if published"),
        ("published_n", "int", "1", "seeds behind it, if stated"),
        (
            "published_low",
            "float",
            "see unit",
            "lower end of what it leaves open: range, rounding, interval of its mean",
        ),
        ("published_high", "float", "see unit", "upper end of it"),
        ("shape", "str", "name", "falls, negative, rises, positive, level, zero; empty for a number"),
        ("value", "float", "see unit", "this run's value; a mean over seeds, or a row of the correlations table"),
        ("ci_low", "float", "see unit", "lower end: Student's t over seeds, for a correlation the table's bootstrap"),
        ("ci_high", "float", "see unit", "upper end of it"),
        ("n_seeds", "int", "1", "seeds of this run that contribute"),
        ("place", "str", "text", "checkpoint, task or window that this run's value was taken at"),
        ("settings", "str", "text", "what this run has for each setting that the claim depends on"),
        ("verdict", "str", "name", "agrees, differs, undecided, not comparable"),
        ("reason", "str", "text", "why"),
    ),
    "variances": _TRAIN_TEST_RUN
    + _columns(
        ("train_size", "int", "images", "training images of the first task"),
        ("test_size", "int", "images", "test images of the first task"),
        ("layer", "int", "1", "hidden layer, from the input on; the first is 1"),
        ("last_layer", "bool", "1", "it is the last hidden layer, whose features the classifier reads"),
    )
    + _VARIANCES
    + _OWN_VARIANCES
    + _NEURAL_COLLAPSE[:1]
    + _columns(
        ("train_accuracy", "float", "fraction", "accuracy on the training images of the first task"),
        ("test_accuracy", "float", "fraction", "accuracy on its test images"),
    )
    + _DIVERGED,
    "next_task": _NEXT_TASK + _DIVERGED,
    "transfer": _NEXT_TASK
    + _columns(
        ("chosen", "bool", "1", "best validation accuracy of the learning rates; the smaller one of equals"),
        ("chosen_on_test", "bool", "1", "best test accuracy of the learning rates, as published; else as chosen"),
    )
    + _VARIANCES
    + _OWN_VARIANCES
    + _NEURAL_COLLAPSE[:1]
    + _DIVERGED,
    "correlations": _columns(
        ("metric", "str", "name", "column of the metrics table"),
        ("outcome", "str", "name", "column it is correlated with"),
        ("arm", "str", "name", "arm of the study, or an experiment whose runs are compared"),
        ("method", "str", "name", "pearson, spearman, partial_linear, partial_log, partial_spline, first_difference"),
        ("window_start", "int", "epoch or task", "first checkpoint or task of the window"),
        ("window_end", "int", "epoch or task", "last checkpoint or task of the window"),
        ("estimate", "float", "1", "correlation coefficient; missing where it is undefined"),
        ("ci_low", "float", "1", "lower end of the bootstrap interval over seeds; missing where aggregate is seed"),
        ("ci_high", "float", "1", "upper end of the bootstrap interval over seeds; missing where aggregate is seed"),
        ("n_seeds", "int", "1", "seeds that contribute"),
        (
            "aggregate",
            "str",
            "name",
            "seed: one seed; mean: mean of the seeds; pooled: all points at once; within: all points, less the mean of "
            "their seed; averaged: series of means over the seeds",
        ),
        ("seed", "int", "1", "the seed where aggregate is seed; missing otherwise"),
        (
            "window_kind",
            "str",
            "name",
            "sliding, all, first_phase, second_phase; task where runs are compared on one task",
        ),
        ("n_points", "int", "1", "points in the estimate, over all seeds; differences for first_difference"),
        ("n_excluded", "int", "1", "points of the window left out: diverged or not finite"),
        ("note", "str", "text", "why an estimate or interval is missing, and what was left out; empty otherwise"),
    ),
    "benchmarks": _columns(
        ("study", "str", "name", "study of the job; data for what all studies share"),
        ("stage", "str", "name", "stage of the workflow"),
        ("job", "str", "name", "which of the stage's jobs: its wildcards, one after another; empty for a single one"),
        ("run", "float", "s since 1970", "when the run of Snakemake began that the job belongs to; missing if unknown"),
        ("started", "float", "s since 1970", "start of the job's Python"),
        ("ended", "float", "s since 1970", "end of its work"),
        ("wall_seconds", "float", "s", "duration of the job's Python as Snakemake measured it"),
        ("start_up_seconds", "float", "s", "of this, until the stage's code was imported and its work began"),
        ("cpu_seconds", "float", "s", "CPU time, child processes included"),
        ("peak_memory_mib", "float", "MiB", "largest resident memory"),
        ("gpu_memory_mib", "float", "MiB", "largest memory that PyTorch reserved on a GPU; missing without one"),
        (
            "gpu_utilisation",
            "float",
            "fraction",
            "mean over the job, other jobs on the GPU included; missing without one",
        ),
    ),
    "causes": _columns(
        ("question", "str", "name", "beyond_length, dose_response, mediation, power"),
        (
            "quantity",
            "str",
            "name",
            "correlation, regression_slope; slope, contrast; direct, indirect, mediator_slope, rho_at_zero; "
            "independent_networks",
        ),
        ("treatment", "str", "name", "arm or dose series that a row is about; empty where all arms are used"),
        ("metric", "str", "name", "what explains: log_nc1 (the natural logarithm of nc1), another metric, a dose"),
        ("outcome", "str", "name", "accuracy: of the next task; log_nc1: at its start"),
        ("method", "str", "name", "how it was computed, as named in docs/statistics.md"),
        ("window_kind", "str", "name", "all, first_phase, second_phase; second_task, thresholds"),
        ("window_start", "int", "epoch or task", "first checkpoint, or first next task, of the window"),
        ("window_end", "int", "epoch or task", "last checkpoint, or last next task, of the window"),
        ("estimate", "float", "column unit", "the estimate; missing where it is undefined"),
        ("unit", "str", "text", "unit of estimate, intervals and published size; accuracies are fractions"),
        ("ci_low", "float", "column unit", "lower end of Student's t interval over seeds, by leaving out seeds"),
        ("ci_high", "float", "column unit", "upper end of Student's t interval over seeds, by leaving out seeds"),
        ("bootstrap_low", "float", "column unit", "lower end of the percentile interval of the bootstrap over seeds"),
        ("bootstrap_high", "float", "column unit", "upper end of the percentile interval of the bootstrap over seeds"),
        ("n_seeds", "int", "1", "seeds that contribute"),
        ("n_points", "int", "1", "transitions, or pairs of them, in the estimate"),
        ("n_excluded", "int", "1", "transitions of the window left out: diverged or not finite"),
        ("p_value", "float", "1", "two-sided p-value of no effect, by the t interval's distribution"),
        ("p_adjusted", "float", "1", "the same after Holm's correction for n_tests tests"),
        ("n_tests", "int", "1", "tests corrected together: same question, quantity, method, window and outcome"),
        ("expected_sign", "float", "1", "sign if collapse costs plasticity; missing where it expects none"),
        ("published", "float", "column unit", "published size of the quantity; missing where there is none"),
        ("power", "float", "fraction", "probability that these seeds show the published size, at their spread"),
        ("seeds_needed", "int", "1", "seeds that show the published size with power 0.8, at this study's spread"),
        (
            "verdict",
            "str",
            "name",
            "supports, contradicts, above zero, below zero, smaller than published, undecided, undefined, no test, "
            "enough seeds, too few seeds; the rule is in docs/statistics.md",
        ),
        ("series", "str", "name", "number in which the arms of a dose series differ; empty otherwise"),
        ("dose", "float", "column series", "dose of a contrast's arm in its series; missing otherwise"),
        ("dose_low", "float", "column series", "smallest dose of a slope's series; missing otherwise"),
        ("dose_high", "float", "column series", "largest dose of a slope's series; missing otherwise"),
        ("note", "str", "text", "why a number is missing, and what was left out; empty otherwise"),
    ),
}
