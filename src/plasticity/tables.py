"""Every Parquet table of the project: its columns, units and meaning in one place, and how it is read and written.

Accuracies are fractions in [0, 1]. No table holds a time, so that the same configuration gives the same numbers; speeds
are in the logs and in Snakemake's benchmark files. A table's file metadata holds the provenance of the run that made
it, its schema's field metadata holds unit and description, and its pages carry checksums that are verified on reading.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from plasticity.errors import PlasticityError
from plasticity.files import atomic_path

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

_DIVERGED = _columns(("diverged", "bool", "1", "weights or loss were not finite; the row's numbers are missing"))

SCHEMAS: dict[str, tuple[Column, ...]] = {
    "split": _columns(
        ("position", "int", "1", "position in the seed's random order of the training images used"),
        ("index", "int", "1", "row of the image in the prepared training set"),
        ("label", "int", "class", "its class"),
        ("warm_up", "bool", "1", "it belongs to the warm-up half; the full set is all rows"),
    ),
    "history": _columns(
        ("stage", "str", "name", "warm_up or fine_tune"),
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
    "correlations": _columns(
        ("metric", "str", "name", "column of the metrics table"),
        ("outcome", "str", "name", "column it is correlated with"),
        ("arm", "str", "name", "arm of the study"),
        ("method", "str", "name", "pearson, spearman, partial_linear, partial_log, partial_spline, first_difference"),
        ("window_start", "int", "epoch", "first checkpoint of the window"),
        ("window_end", "int", "epoch", "last warm-up epoch of the window"),
        ("estimate", "float", "1", "correlation coefficient; missing where it is undefined"),
        ("ci_low", "float", "1", "lower end of the bootstrap interval over seeds; missing where aggregate is seed"),
        ("ci_high", "float", "1", "upper end of the bootstrap interval over seeds; missing where aggregate is seed"),
        ("n_seeds", "int", "1", "seeds that contribute"),
        ("aggregate", "str", "name", "seed: one seed; mean: mean of the seeds; pooled: all points at once"),
        ("seed", "int", "1", "the seed where aggregate is seed; missing otherwise"),
        ("window_kind", "str", "name", "sliding, all, first_phase or second_phase"),
        ("n_points", "int", "1", "points in the estimate, over all seeds; differences for first_difference"),
        ("n_excluded", "int", "1", "checkpoints of the window left out: diverged or not finite"),
        ("note", "str", "text", "why an estimate or interval is missing, and what was left out; empty otherwise"),
    ),
}


def arrow_schema(name: str) -> pa.Schema:
    """Return the Arrow schema of the table `name`, a key of `SCHEMAS`."""
    return pa.schema([column.field() for column in SCHEMAS[name]])


def write_table(frame: pd.DataFrame, path: str | Path, schema: str, provenance: dict[str, Any] | None = None) -> None:
    """Write `frame` as the table `schema`, atomically, with provenance in the file's metadata.

    Raises:
        PlasticityError: If a column is missing, unknown, or of another type.
    """
    target = arrow_schema(schema)
    _check_columns(f"{path}: table {schema}", target.names, list(frame.columns))
    try:
        table = pa.Table.from_pandas(frame.loc[:, target.names], schema=target, preserve_index=False)
    except (pa.ArrowException, OverflowError) as error:
        raise PlasticityError(f"{path}: a value does not fit the {schema} table: {_line(error)}") from None
    metadata = {"plasticity_table": schema, "provenance": json.dumps(provenance or {}, sort_keys=True)}
    with atomic_path(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, write_page_checksum=True)


def read_table(path: str | Path, schema: str) -> pd.DataFrame:
    """Read the table `schema` from `path` and verify its columns, types and page checksums.

    Raises:
        PlasticityError: If the file is missing or damaged, or holds another table.
    """
    target = arrow_schema(schema)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            names = table.schema.names
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a {schema} table, got no file") from None
    except (pa.ArrowException, OSError, ValueError) as error:  # a column's name may not even be text any more
        raise PlasticityError(f"{path}: expected a {schema} table, got a damaged file ({_line(error)})") from None
    _check_columns(f"{path}: table {schema}", target.names, names)
    if not table.schema.equals(target):
        raise PlasticityError(f"{path}: expected column types {target.types}, got {table.schema.types}")
    return table.to_pandas()


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Return the provenance that `write_table` stored in the file's metadata.

    Raises:
        PlasticityError: If the file is missing or damaged.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
        return json.loads(metadata.get(b"provenance", b"{}"))
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a table, got no file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PlasticityError(f"{path}: expected a table, got a damaged file ({_line(error)})") from None


def _check_columns(where: str, expected: list[str], got: list[str]) -> None:
    missing = [name for name in expected if name not in got]
    unknown = [name for name in got if name not in expected]
    if missing or unknown:
        raise PlasticityError(f"{where}: expected its own columns, got missing {missing}, unknown {unknown}")


def _line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
