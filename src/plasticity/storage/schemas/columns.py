"""What a column of a table is, and the columns that tables of several studies share."""

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


def columns(*rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
    """Return columns from their names, kinds, units and descriptions."""
    return tuple(Column(*row) for row in rows)


NEURAL_COLLAPSE = columns(
    ("nc1", "float", "1", "within-class variability Tr(Σ_W Σ_B†)/C; 0 is full collapse"),
    ("nc2", "float", "1", "distance of WWᵀ/‖WWᵀ‖ from the simplex ETF, classifier weights (Zhu et al. 2021)"),
    ("nc3", "float", "1", "distance of WH/‖WH‖ from the simplex ETF, self-duality (Zhu et al. 2021)"),
    ("nc4", "float", "fraction", "agreement of the network with the nearest class mean; 1 is full collapse"),
)

OTHER_COLLAPSE = columns(
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

CAPACITY = columns(
    ("weight_norm", "float", "1", "L2 norm of all trainable parameters"),
    ("effective_rank", "float", "1", "exp of the entropy of the features' singular values (Roy & Vetterli 2007)"),
    ("stable_rank", "float", "1", "‖A‖_F²/‖A‖₂² of the feature matrix"),
    ("approximate_rank", "int", "1", "singular values that hold 99 % of the squared mass"),
    ("dead_units", "float", "fraction", "ReLU units that stay zero on all probe images"),
)

DIVERGED = columns(
    ("diverged", "bool", "1", "weights, features or loss were not finite; numbers that depend on them are missing")
)
